"""What may be in a file that somebody sends, and what becomes of it. No queries, no storage.

A file that says it is a picture, by its name or its first bytes, must be one that can be shown: it is decoded and
written anew, so that nothing is left of what else was in it (EXIF, comments, another format behind the picture). Any
other file is handed on as it is, and only ever as a download.
"""

import io
import mimetypes
import re
import unicodedata
import warnings
from dataclasses import dataclass
from typing import IO

from PIL import Image, ImageOps, UnidentifiedImageError

from conversations.conf import conf
from conversations.message_models import FILE_NAME_LENGTH
from participants.errors import UnsupportedMedia

DOWNLOAD = "application/octet-stream"
FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
THUMBNAIL_TYPE = "image/webp"
_SUFFIXES = (".png", ".jpg", ".jpeg", ".jfif", ".gif", ".webp")
_FIRST_BYTES = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP", re.DOTALL)
_KEPT = ("transparency", "duration", "loop")  # what Pillow needs of a picture's notes to write it again
FRAMES = 1000  # the work for a picture of tiny ones grows with their square: 50,000 in 1 MB take 6 s
_MODES = {"1", "L", "LA", "P", "RGB", "RGBA"}


@dataclass(frozen=True, slots=True)
class Examined:
    """A file as it is kept: ``content`` and ``thumbnail`` are set for pictures only."""

    content_type: str
    content: bytes | None = None
    thumbnail: bytes | None = None
    width: int | None = None
    height: int | None = None


def clean_file_name(name: str) -> str:
    """The last part of a name, on one line and without what hides or turns its end around; never empty."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    shown = "".join(character for character in last if unicodedata.category(character)[0] != "C")
    shown = " ".join(shown.split()).lstrip(". ")
    stem, dot, suffix = shown.rpartition(".")
    if len(shown) > FILE_NAME_LENGTH and dot and len(suffix) < 20:
        return f"{stem[: FILE_NAME_LENGTH - len(suffix) - 1]}.{suffix}"
    return shown[:FILE_NAME_LENGTH] or "file"


def examine(file: IO[bytes], name: str) -> Examined:
    """What ``file`` is. Raises UnsupportedMedia for a picture that cannot be shown, or would fill the memory."""
    head = file.read(16)
    file.seek(0)
    if not (_FIRST_BYTES.match(head) or name.lower().endswith(_SUFFIXES)):
        return Examined((mimetypes.guess_type(name)[0] or DOWNLOAD)[:100])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _picture(file)
    except UnsupportedMedia:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning, OSError) as error:
        raise _unusable() from error
    except Exception as error:
        raise _unusable() from error


def _unusable() -> UnsupportedMedia:
    return UnsupportedMedia("This picture cannot be read. Send it as PNG, JPEG, GIF or WebP, or in an archive.")


def _picture(file: IO[bytes]) -> Examined:
    with Image.open(file, formats=list(FORMATS)) as image:
        kind = str(image.format)
        if image.width * image.height > conf.attachment_pixels:  # before a pixel is decoded
            raise UnsupportedMedia(f"A picture takes {conf.attachment_pixels:,} pixels at most.")
        moves = _moves(image)
        image.load()
        first = ImageOps.exif_transpose(image) if not moves else image
        content = _written(image if moves else _plain(first), kind, moves=moves)
        thumbnail = _plain(first).convert("RGBA")
        thumbnail.thumbnail((conf.thumbnail_pixels, conf.thumbnail_pixels))
        return Examined(FORMATS[kind], content, _written(thumbnail, "WEBP"), *((image if moves else first).size))


def _moves(image: Image.Image) -> bool:
    """Whether it has several frames, and not so many that all of them are too much work: then the first is shown."""
    most = min(FRAMES, conf.attachment_pixels // (image.width * image.height))
    try:
        image.seek(most)
    except EOFError:
        return bool(getattr(image, "is_animated", False))
    finally:
        image.seek(0)
    return False


def _plain(image: Image.Image) -> Image.Image:
    """One frame, without notes, in a mode that every format here takes."""
    frame = image.copy()
    frame.info = {name: value for name, value in image.info.items() if name == "transparency"}
    return frame if frame.mode in _MODES else frame.convert("RGB")


def _written(image: Image.Image, kind: str, *, moves: bool = False) -> bytes:
    made = io.BytesIO()
    if kind == "JPEG" and image.mode not in {"L", "RGB"}:
        image = image.convert("RGB")
    image.info = {name: value for name, value in image.info.items() if name in _KEPT}
    options = {"save_all": True} if moves else {}
    image.save(made, kind, quality=88, **options)
    return made.getvalue()
