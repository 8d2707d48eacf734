"""Modules of a page as one classic script: a page that was opened as a file may not load modules.

The modules are this package's own, and written for this: each imports names from its neighbours, in one line, and
exports what it declares. Whatever else imports or exports is refused, so that nothing can be changed unseen.
"""

import re
from importlib import resources

_IMPORT = re.compile(r'import \{ (?P<names>[\w, ]+) \} from "\./(?P<module>[\w-]+\.js)";')
_EXPORT = re.compile(r"export (?=(?:async )?(?:function|class|const|let) (?P<name>\w+))")
_PLACES = (("frugan.exporting", "page"), ("frugan.html", "browser"), ("frugan.html", "."))


def page_file(name: str) -> str:
    """The text of a file that pages are made of.

    Raises:
        FileNotFoundError: there is none of that name.
    """
    for package, folder in _PLACES:
        file = resources.files(package).joinpath(folder, name)
        if file.is_file():
            return file.read_text(encoding="utf-8")
    raise FileNotFoundError(name)


def linked(entry: str) -> str:
    """A script that runs a module after those that it imports, each in a scope of its own.

    Raises:
        ValueError: an import or export of another form, or modules that import each other.
    """
    done: dict[str, str] = {}
    _link(entry, done, ())
    body = "\n".join(done.values())
    return f'"use strict";\n(() => {{\nconst modules = {{}};\n{body}\n}})();\n'


def _link(name: str, done: dict[str, str], trail: tuple[str, ...]) -> None:
    if name in done:
        return
    if name in trail:
        raise ValueError(f"modules import each other: {' -> '.join([*trail, name])}")
    lines, exported = [], []
    for line in page_file(name).splitlines():
        if found := _IMPORT.fullmatch(line):
            _link(found["module"], done, (*trail, name))
            line = f'const {{ {found["names"]} }} = modules["{found["module"]}"];'
        elif found := _EXPORT.match(line):
            exported.append(found["name"])
            line = line.removeprefix("export ")
        elif re.match(r"(import|export)\b", line) or re.search(r"\bimport\(|\bawait import\b", line):
            raise ValueError(f"{name}: cannot be linked: {line}")
        lines.append(line)
    body = "\n".join(lines)
    done[name] = f'// {name}\nmodules["{name}"] = (() => {{\n{body}\nreturn {{ {", ".join(exported)} }};\n}})();\n'
