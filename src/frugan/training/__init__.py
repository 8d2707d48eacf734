"""The two steps (`gan`, `decoder`), the loop that runs them, checkpoints, and several processes that train as one."""
