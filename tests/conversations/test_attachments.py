"""Files: who may have them, what they become, and what hostile ones come to."""

import io
import zipfile
import zlib
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from conversations.files import clean_file_name
from conversations.models import Attachment
from conversations.services.attachments import attachments_sweep
from tests.contract.shapes import assert_refused, assert_shape, is_id, is_number, is_text, maybe
from tests.personas import bring_in, client_of, conversation_of, person, say, take_out

pytestmark = pytest.mark.django_db

SHAPE = {
    "id": is_id, "name": is_text, "content_type": is_text, "size": is_number, "width": maybe(is_number),
    "height": maybe(is_number), "url": is_text,
}  # fmt: skip
SECRET = b"xylophone-canary"


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}}
    }
    return tmp_path


def stored(files: Path) -> list[Path]:
    return [path for path in files.rglob("*") if path.is_file()]


def picture(kind="PNG", size=(40, 20), mode="RGB", **options) -> bytes:
    made = io.BytesIO()
    Image.new(mode, size, 1 if mode in {"1", "P"} else None).save(made, kind, **options)
    return made.getvalue()


def upload(who, conversation, content: bytes, name="picture.png", content_type="application/octet-stream"):
    api = client_of(who)
    file = SimpleUploadedFile(name, content, content_type)
    return api.client.post(f"/api/v1/conversations/{conversation.pk}/attachments", {"file": file}, headers=api.headers)


def attach(who, conversation, *ids, content="look", **fields):
    body = {"content": content, "attachments": list(ids), **fields}
    return client_of(who).post(f"conversations/{conversation.pk}/messages", body)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_picture_is_shown_with_its_message(ada, ben, tea, kind):
    made = upload(ben, tea, picture(kind), f"cup.{kind.lower()}")
    assert made.status_code == 201
    assert_shape(made.json(), SHAPE)
    file = made.json()
    assert (file["content_type"], file["width"], file["height"]) == (f"image/{kind.lower()}", 40, 20)
    sent = attach(ben, tea, file["id"], content="")
    assert sent.status_code == 201, sent.content
    assert sent.json()["attachments"] == [file]
    assert client_of(ada).get(f"conversations/{tea.pk}/events").json()["events"][-1]["attachments"] == [file]
    shown = client_of(ada).get(f"attachments/{file['id']}")
    assert (shown.status_code, shown["Content-Type"]) == (200, f"image/{kind.lower()}")
    assert len(shown.content) == file["size"]
    assert shown["Content-Disposition"].startswith("inline")
    small = client_of(ada).get(f"attachments/{file['id']}/thumbnail")
    assert small["Content-Type"] == "image/webp"
    assert max(Image.open(io.BytesIO(small.content)).size) <= 320


@pytest.mark.parametrize(
    ("name", "content"),
    [("page.html", b"<script>alert(1)</script>"), ("picture.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
     ("notes.txt", b"hello"), ("code.js", b"alert(1)"), ("data.bin", b"\x00\xff"), ("movie.mp4", b"\x00" * 100)],
)  # fmt: skip
def test_anything_else_is_a_download(ada, ben, tea, name, content):
    made = upload(ben, tea, content, name, "text/html").json()
    assert (made["width"], made["height"], made["size"]) == (None, None, len(content))
    attach(ben, tea, made["id"])
    answer = client_of(ada).get(f"attachments/{made['id']}")
    assert answer.content == content
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert_refused(client_of(ada).get(f"attachments/{made['id']}/thumbnail"), 404, "not_found")


def test_what_hides_in_a_picture_is_gone(ben, tea, files):
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    hostile = [
        picture("JPEG", exif=exif.tobytes(), comment=SECRET) + SECRET,
        picture("PNG") + b"PK\x03\x04" + SECRET + b"<script>",
        picture("GIF", mode="P", comment=SECRET) + b"/*" + SECRET,
    ]
    for number, content in enumerate(hostile):
        assert SECRET in content
        assert upload(ben, tea, content, f"{number}.png").status_code == 201
    assert len(stored(files)) == 6
    assert not any(SECRET in path.read_bytes() for path in stored(files))


def test_a_turned_picture_is_turned(ben, tea):
    exif = Image.Exif()
    exif[0x0112] = 6
    made = upload(ben, tea, picture("JPEG", exif=exif.tobytes()), "a.jpg").json()
    assert (made["width"], made["height"]) == (20, 40)


def test_a_moving_picture_moves_on(ada, ben, tea):
    frames = [Image.new("RGB", (10, 10), colour) for colour in ("red", "green", "blue")]
    made = io.BytesIO()
    frames[0].save(made, "GIF", save_all=True, append_images=frames[1:], duration=50)
    file = upload(ben, tea, made.getvalue(), "a.gif").json()
    attach(ben, tea, file["id"])
    shown = Image.open(io.BytesIO(client_of(ada).get(f"attachments/{file['id']}").content))
    shown.seek(2)
    assert shown.tell() == 2


def test_of_a_picture_of_very_many_tiny_frames_the_first_is_shown(ada, ben, tea):
    head = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff"
    frame = b"\x21\xf9\x04\x04\x01\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0"
    other = b"\x21\xf9\x04\x04\x01\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02\x4c\x01\0"
    for pairs, frames in ((400, 800), (2000, 1)):
        file = upload(ben, tea, head + (frame + other) * pairs + b";", "a.gif").json()
        attach(ben, tea, file["id"])
        shown = client_of(ada).get(f"attachments/{file['id']}").content
        assert getattr(Image.open(io.BytesIO(shown)), "n_frames", 1) == frames


def bomb(width: int, height: int) -> bytes:
    """A PNG that says it is huge, and is small."""
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\x00" * 10_000_000))
        + chunk(b"IEND", b"")
    )


NO_PICTURES = {
    "svg.png": b"<svg onload=x>",
    "gif.jpg": b"GIF89a;alert(1)",
    "text.gif": b"not a picture",
    "without": b"\x89PNG\r\n\x1a\n" + b"x" * 99,
    "bomb.png": bomb(60_000, 60_000),
    "cut.png": picture()[:60],
    "head.webp": b"RIFF\x00\x00\x00\x00WEBPVP8 ",
    "head.jpeg": b"\xff\xd8\xff\xe0" + b"\x00" * 50,
    "program.PNG": b"MZ",
}


@pytest.mark.parametrize("name", NO_PICTURES)
def test_a_picture_that_is_none_is_refused(ben, tea, files, name):
    assert_refused(upload(ben, tea, NO_PICTURES[name], name, "image/png"), 415, "unsupported_media_type")
    assert stored(files) == []


def test_a_zip_bomb_is_a_download_like_any_other(ben, tea, files):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\x00" * 20_000_000)
    answer = upload(ben, tea, made.getvalue(), "zeros.zip")
    assert (answer.status_code, answer.json()["size"]) == (201, len(made.getvalue()))
    assert [path.stat().st_size for path in stored(files)] == [len(made.getvalue())]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("../../etc/passwd", "passwd"), ("..\\..\\boot.ini", "boot.ini"), ("a\r\nSet-Cookie: x.txt", "aSet-Cookie: x.txt"),
     ("photo\u202egnp.exe", "photognp.exe"), ("\u200b", "file"), ("...", "file"), ("", "file"),
     ("x" * 300 + ".txt", "x" * 196 + ".txt"),
     ("e\u0301.txt", "\u00e9.txt"), ("a\x00b.txt", "ab.txt"), (".htaccess", "htaccess"), ("/", "file")],
)  # fmt: skip
def test_names_are_shown_as_they_are_and_nothing_else(name, wanted):
    assert clean_file_name(name) == wanted


def test_no_name_of_anybody_is_in_a_path(ben, tea, files):
    upload(ben, tea, b"x", "evil.php")
    (path,) = stored(files)
    assert path.relative_to(files).parts[0] == "attachments"
    assert "evil" not in str(path)


def test_a_file_is_bound_in_size(ben, tea, settings):
    settings.CHAT_ATTACHMENT_BYTES = 100
    assert upload(ben, tea, b"x" * 100, "a.txt").status_code == 201
    assert_refused(upload(ben, tea, b"x" * 101, "a.txt"), 413, "attachment_too_large", actual=101, max=100)
    assert_refused(upload(ben, tea, b"", "a.txt"), 400, "validation_error")
    assert_refused(client_of(ben).post(f"conversations/{tea.pk}/attachments", {}), 415, "unsupported_media_type")


def test_access_follows_the_message_at_each_request(ada, ben, tea):
    eve, cid = person(), bring_in(tea)
    key = upload(ben, tea, b"x", "a.txt").json()["id"]
    for who in (ada, cid, eve):
        assert_refused(client_of(who).get(f"attachments/{key}"), 404, "not_found")
    assert client_of(ben).get(f"attachments/{key}").status_code == 200
    message = attach(ben, tea, key).json()["id"]
    assert client_of(cid).get(f"attachments/{key}").status_code == 200
    assert_refused(client_of(eve).get(f"attachments/{key}"), 404, "not_found")
    take_out(tea, cid)
    assert_refused(client_of(cid).get(f"attachments/{key}"), 404, "not_found")
    client_of(ben).delete(f"messages/{message}")
    for who in (ada, ben):
        assert_refused(client_of(who).get(f"attachments/{key}"), 404, "not_found")
    assert not Attachment.objects.exists()


def test_files_of_others_and_of_elsewhere_cannot_be_sent(ada, ben, tea):
    other = conversation_of(ben, ada)
    key = upload(ben, tea, b"x", "a.txt").json()["id"]
    for answer in (attach(ada, tea, key), attach(ben, other, key), attach(ben, tea, str(tea.pk))):
        assert_refused(answer, 400, "validation_error")
    assert attach(ben, tea, key, message_id="k").status_code == 201
    assert_refused(attach(ben, tea, key), 400, "validation_error")
    again = attach(ben, tea, key, message_id="k")
    assert (again.status_code, again.json()["duplicate"]) == (200, True)
    assert_refused(attach(ben, tea, message_id="k"), 409, "message_conflict")


def test_observers_and_strangers_upload_nothing(ada, tea):
    assert_refused(upload(bring_in(tea, "observer"), tea, b"x"), 403, "role_too_low")
    assert_refused(upload(person(), tea, b"x"), 403, "not_a_participant")


def test_deleting_takes_the_files_along(ada, ben, tea, files, django_capture_on_commit_callbacks):
    key = upload(ben, tea, picture()).json()["id"]
    message = attach(ben, tea, key).json()["id"]
    assert len(stored(files)) == 2
    with django_capture_on_commit_callbacks(execute=True):
        client_of(ben).delete(f"messages/{message}")
    assert stored(files) == []
    upload(ben, tea, picture())
    with django_capture_on_commit_callbacks(execute=True):
        client_of(ada).delete(f"conversations/{tea.pk}")
    assert stored(files) == []


def test_what_nobody_sends_goes_after_a_day(ben, tea, files, django_capture_on_commit_callbacks):
    kept, old, sent = (upload(ben, tea, b"x", "a.txt").json()["id"] for _ in range(3))
    attach(ben, tea, sent)
    Attachment.objects.filter(pk__in=[old, sent]).update(created_at=timezone.now() - timedelta(hours=25))
    with django_capture_on_commit_callbacks(execute=True):
        assert attachments_sweep() == 1
    assert {str(key) for key in Attachment.objects.values_list("pk", flat=True)} == {kept, sent}
    assert len(stored(files)) == 2


def test_loose_files_are_bound_in_number(ben, tea, settings):
    settings.CHAT_LOOSE_ATTACHMENTS = 1
    upload(ben, tea, b"x", "a.txt")
    assert_refused(upload(ben, tea, b"x", "a.txt"), 429, "too_many_uploads")


def test_a_file_that_the_storage_lost_is_not_there(ben, tea):
    key = upload(ben, tea, b"x", "a.txt").json()["id"]
    default_storage.delete(str(Attachment.objects.get().file))
    assert_refused(client_of(ben).get(f"attachments/{key}"), 404, "not_found")


def test_a_message_takes_so_many_files(ben, tea, settings):
    settings.CHAT_ATTACHMENTS = 1
    keys = [upload(ben, tea, b"x", "a.txt").json()["id"] for _ in range(2)]
    assert_refused(attach(ben, tea, *keys), 400, "validation_error")


def test_drafts_are_ones_own(ada, ben, tea):
    path = f"conversations/{tea.pk}/draft"
    api = client_of(ada)
    assert api.get(path).json() == {
        "conversation_id": str(tea.pk), "content": "", "reply_to": None, "updated_at": None,
    }  # fmt: skip
    root = say(ben, tea)
    for content in ("half a th", "half a thought"):
        answer = api.send("PUT", path, {"content": content, "reply_to": str(root.pk)})
        assert (answer.status_code, answer.json()["content"]) == (200, content)
    assert api.get(path).json()["content"] == "half a thought"
    assert client_of(ben).get(path).json()["content"] == ""
    for _ in range(2):
        assert api.delete(path).status_code == 204
    assert api.get(path).json()["content"] == ""
    assert_refused(
        api.send("PUT", path, {"content": "x" * 10_001}), 413, "message_too_large", actual=10_001, max=10_000
    )
    assert_refused(client_of(person()).get(path), 403, "not_a_participant")


def test_figures_are_those_of_the_log(ada, ben, tea):
    say(ada, tea)
    client_of(ada).delete(f"messages/{say(ada, tea).pk}")
    wanted = {"human_messages": 1, "ai_messages": 0, "total_messages": 1, "participant_count": 2, "online_count": 0,
              "connection_count": 0, "tokens": 0}  # fmt: skip
    assert client_of(ben).get(f"conversations/{tea.pk}/stats").json() == wanted
    assert_refused(client_of(ben).get("stats"), 403, "permission_denied")
    assert client_of(person(is_staff=True)).get("stats").json() == wanted | {"participant_count": 3}
