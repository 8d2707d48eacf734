"""The data sets of the papers and of this field: what they are, where they are published, and how frugan takes them.

Figures and licences are those of the publishers' pages, which decide: read them before you use the images.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class KnownData:
    """A data set that papers name.

    Attributes:
        name: as people type it.
        what: number and kind of images.
        licence: in short.
        published: its page.
        layout: what a folder must look like, for those that are not fetched.
        data: what is typed as DATA.
        fetched: whether frugan fetches it by that name.
    """

    name: str
    what: str
    licence: str
    published: str
    layout: str
    data: str
    fetched: bool = False

    def how_to_get(self) -> str:
        """One sentence, for a person who typed the name."""
        return (
            f"{self.name} ({self.what}) cannot be fetched for you. Get it from {self.published} ({self.licence}), so "
            f"that there is {self.layout}, and give that folder: frugan train {self.data}"
        )


_UNPACKED = "unpacked by torchvision into $FRUGAN_DATA"

CATALOGUE: tuple[KnownData, ...] = (
    KnownData(
        "imagenet",
        "1,281,167 photos, 1,000 classes",
        "non-commercial research, by agreement",
        "https://www.image-net.org",
        "train/n01440764/*.JPEG, a folder for each class",
        "imagenet/train",
    ),
    KnownData(
        "lsun-church",
        "126,227 photos of churches, short side 256",
        "for research",
        "https://www.yf.io/p/lsun",
        "church_outdoor_train_lmdb in $FRUGAN_DATA",
        "lsun-church",
    ),
    KnownData(
        "lsun-conference-room",
        "229,069 photos of conference rooms, short side 256",
        "for research",
        "https://www.yf.io/p/lsun",
        "conference_room_train_lmdb in $FRUGAN_DATA",
        "lsun-conference-room",
    ),
    KnownData(
        "celeba",
        "202,599 photos of faces, 178 x 218",
        "non-commercial research",
        "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
        _UNPACKED,
        "celeba",
        fetched=True,
    ),
    KnownData(
        "flowers102",
        "8,189 photos of flowers, 102 classes",
        "for research",
        "https://www.robots.ox.ac.uk/~vgg/data/flowers/102",
        _UNPACKED,
        "flowers102",
        fetched=True,
    ),
    KnownData(
        "ffhq",
        "70,000 photos of faces, 1024 x 1024",
        "CC BY-NC-SA 4.0, each photo its own",
        "https://github.com/NVlabs/ffhq-dataset",
        "images1024x1024/00000/00000.png and so on",
        "ffhq/images1024x1024",
    ),
    KnownData(
        "metfaces",
        "1,336 faces in works of art, 1024 x 1024",
        "CC BY-NC 2.0",
        "https://github.com/NVlabs/metfaces-dataset",
        "images/*.png",
        "metfaces/images",
    ),
    KnownData(
        "afhq-dog",
        "about 4,700 photos of dogs, 512 x 512, of AFHQ",
        "CC BY-NC 4.0",
        "https://github.com/clovaai/stargan-v2",
        "train/dog/*",
        "afhq/train/dog",
    ),
    KnownData(
        "flickr-scenery",
        "about 54,000 photos of scenery",
        "each photo its own",
        "https://github.com/yccyenchicheng/InOut",
        "a folder of images",
        "flickr-scenery",
    ),
    KnownData(
        "cifar10",
        "50,000 pictures of 32 x 32, 10 classes",
        "not stated",
        "https://www.cs.toronto.edu/~kriz/cifar.html",
        _UNPACKED,
        "cifar10 --resolution 32 --recipe dcgan-gan",
        fetched=True,
    ),
    KnownData(
        "mnist",
        "60,000 grey digits of 28 x 28, 10 classes",
        "CC BY-SA 3.0",
        "https://yann.lecun.com/exdb/mnist",
        _UNPACKED,
        "mnist --channels grey --resolution 28 --recipe dcgan-gan",
        fetched=True,
    ),
)


def catalogue_text() -> str:
    """All of them, for a terminal."""
    lines = ["noto-people           702 drawings of people, inside the package: frugan train noto-people"]
    for known in CATALOGUE:
        how = "fetched by name" if known.fetched else f"yours to get: {known.layout}"
        lines.append(f"{known.name:<22}{known.what}. Licence: {known.licence}")
        lines.append(f"{'':22}{known.published}; {how}")
        lines.append(f"{'':22}frugan train {known.data}")
    return "\n".join(lines)


def how_to_get(name: str) -> str:
    """A sentence about a data set that is known but not to be fetched; "" for any other name."""
    return next((known.how_to_get() for known in CATALOGUE if known.name == name.lower() and not known.fetched), "")
