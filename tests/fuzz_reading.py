"""Mutated files through the readers, in a process that can be watched: ``python -m tests.fuzz_reading SEED COUNT``.

Prints a JSON object: how many files of each kind were read or refused, the longest time, the growth of the process,
and everything that is a fault: an exception that is no sentence, a sentence without the file's name, a slow file, or
one whose reader opens another file.
"""

from __future__ import annotations

import collections
import io
import json
import resource
import struct
import sys
import time
import traceback
import warnings
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

from dbce.data import ct, masks, volumes
from dbce.data.inputs import InputError, read_picture
from dbce.data.phantoms import polyp

SECONDS = 5.0
"""Longest that one file may take."""


def pictures() -> dict[str, bytes]:
    """One file of every kind of picture, and of mask."""
    image, mask = polyp(1, 96)
    photo, flat = Image.fromarray(image), Image.fromarray(mask * 255)
    deep = Image.fromarray(image[..., 0].astype(np.uint16) * 16)
    palette = photo.quantize(16)
    exif = Image.Exif()
    exif[0x0112] = 6
    files = {}

    def save(name: str, picture: Image.Image, **options) -> None:
        buffer = io.BytesIO()
        picture.save(buffer, **options)
        files[name] = buffer.getvalue()

    save("photo.png", photo, format="PNG")
    save("deep.png", deep, format="PNG")
    save("palette.png", palette, format="PNG")
    save("rgba.png", photo.convert("RGBA"), format="PNG")
    save("mask.png", flat, format="PNG")
    save("mask1.png", flat.convert("1"), format="PNG")
    save("base.jpg", photo, format="JPEG", exif=exif)
    save("steps.jpg", photo, format="JPEG", progressive=True)
    save("four.jpg", photo.convert("CMYK"), format="JPEG")
    save("plain.tif", photo, format="TIFF")
    save("deep.tif", deep, format="TIFF", compression="tiff_deflate")
    save("fax.tif", flat.convert("1"), format="TIFF", compression="group4")
    save("lzw.tiff", photo, format="TIFF", compression="tiff_lzw")
    save("real.tif", Image.fromarray(mask.astype(np.float32)), format="TIFF")
    save("pages.tif", photo, format="TIFF", save_all=True, append_images=[photo, photo])
    save("lossy.webp", photo, format="WEBP")
    save("exact.webp", photo, format="WEBP", lossless=True)
    save("plain.bmp", photo, format="BMP")
    save("mask.gif", flat, format="GIF")
    save("moving.gif", palette, format="GIF", save_all=True, append_images=[palette])
    return files


def scans() -> dict[str, bytes]:
    """One file of every kind of scan, and of labels."""
    import gzip

    import h5py
    import nibabel as nib

    hu, labels = ct.scan(1, 48, [20, 21, 22])
    turned, marked = hu.transpose(2, 1, 0).astype(np.int16), labels.transpose(2, 1, 0)
    files = {
        "one.nii": nib.Nifti1Image(turned, np.diag([2.0, 2, 5, 1])).to_bytes(),
        "two.nii": nib.Nifti2Image(turned.astype(np.float32), np.diag([2.0, 2, 5, 1])).to_bytes(),
        "labels.nii": nib.Nifti1Image(marked, np.diag([2.0, 2, 5, 1])).to_bytes(),
    }
    files["packed.nii.gz"] = gzip.compress(files["one.nii"], mtime=0)
    for name, save in {"plain.npz": np.savez, "packed.npz": np.savez_compressed}.items():
        buffer = io.BytesIO()
        save(buffer, image=ct.window(hu[0]) / 255, label=labels[0])
        files[name] = buffer.getvalue()
    for name, options in {"plain.npy.h5": {}, "packed.npy.h5": {"compression": "gzip", "shuffle": True}}.items():
        buffer = io.BytesIO()
        with h5py.File(buffer, "w") as file:
            file.create_dataset("image", data=hu, **options)
            file.create_dataset("label", data=labels, **options)
        files[name] = buffer.getvalue()
    files["slice.dcm"] = _dicom(hu[0])
    return files


def _dicom(plane: np.ndarray) -> bytes:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, generate_uid(entropy_srcs=["fuzz"])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = Dataset()
    dataset.file_meta = meta
    dataset.SOPClassUID, dataset.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    dataset.Modality, dataset.PhotometricInterpretation = "CT", "MONOCHROME2"
    dataset.Rows, dataset.Columns = plane.shape
    dataset.SamplesPerPixel, dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 1, 16, 16, 15
    dataset.PixelRepresentation, dataset.RescaleSlope, dataset.RescaleIntercept = 1, 1, 0
    dataset.PixelData = plane.astype("<i2").tobytes()
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


_EXTREMES = [0, 1, -1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 20]
_REALS = [float("nan"), float("inf"), -0.0, 1e38]


def mutated(data: bytes, other: bytes, random: np.random.Generator) -> bytes:
    """One to four changes of one file: bits, runs, lengths, extreme numbers, pieces cut, doubled or of another file."""
    changed = bytearray(data)
    for _ in range(random.integers(1, 5)):
        if not changed:
            return bytes(changed)
        # headers are where the harm is done: half of the changes fall into the first 400 bytes
        reach = min(len(changed), 400) if random.random() < 0.5 else len(changed)
        at = int(random.integers(reach))
        kind = random.integers(9)
        if kind == 0:
            changed[at] ^= 1 << random.integers(8)
        elif kind == 1:
            changed[at] = int(random.integers(256))
        elif kind == 2:
            size, order = int(random.choice([1, 2, 4, 8])), random.choice(["little", "big"])
            value = int(random.choice(_EXTREMES)) % (1 << 8 * size)
            changed[at : at + size] = value.to_bytes(size, order)
        elif kind == 3:
            changed[at : at + 4] = struct.pack(random.choice(["<f", ">f"]), float(random.choice(_REALS)))
        elif kind == 4:
            del changed[at:]
        elif kind == 5:
            del changed[at : at + int(random.integers(1, 64))]
        elif kind == 6:
            piece = changed[at : at + int(random.integers(1, 256))]
            changed[at:at] = piece * int(random.integers(1, 20))
        elif kind == 7:
            start = int(random.integers(len(other)))
            changed[at : at + 64] = other[start : start + 64]
        else:
            changed[at : at + 32] = bytes([int(random.integers(256))]) * 32
    return _with_checksums(bytes(changed)) if random.random() < 0.5 else bytes(changed)


def _with_checksums(data: bytes) -> bytes:
    """A PNG's chunks with fitting checksums, so that a change gets past them; anything else as it is."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    out, at = bytearray(data[:8]), 8
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        body = data[at + 4 : at + 8 + size]
        out += data[at : at + 4] + body + zlib.crc32(body).to_bytes(4, "big")
        at += 12 + size
    return bytes(out + data[at:])


def readers(name: str) -> list[tuple[str, Callable[[bytes, str], object]]]:
    """What a visitor can have a file of this name read as."""
    if volumes.is_volume(name):
        return [("scan", lambda data, name: volumes.read_volume(data, name, size=64))]
    return [
        ("picture", read_picture),
        ("mask", masks.read_mask),
        ("labels", lambda data, name: masks.read_labels(data, name, 9)),
    ]


_opened: list[str] = []
_watching = False


def _watch(event: str, arguments: tuple) -> None:
    """An audit hook: what is opened while a visitor's file is read."""
    watched = _watching and event in ("open", "socket.connect", "subprocess.Popen", "os.system")
    if watched and not str(arguments[0]).endswith((".py", ".pyc", ".so")):  # but for modules that are imported late
        _opened.append(f"{event} {arguments[0]}")


def growth() -> float:
    """Largest memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(seed: int, count: int) -> None:
    global _watching
    sys.addaudithook(_watch)
    warnings.simplefilter("error")  # a warning in the log for a visitor's mistake is a fault too
    files = pictures() | scans()
    for name, data in files.items():  # warm, and a proof that every file is one
        readers(name)[0][1](data, name)
    random, names = np.random.default_rng(seed), sorted(files)
    before, counts, faults, longest = growth(), collections.Counter(), [], 0.0
    for number in range(count):
        name = names[number % len(names)]
        data = mutated(files[name], files[names[int(random.integers(len(names)))]], random)
        offered = name if random.random() < 0.9 else names[int(random.integers(len(names)))]
        choices = readers(offered)
        kind, read = choices[int(random.integers(len(choices)))]
        start, what, _watching = time.process_time(), "read", True
        try:
            read(data, offered)
        except InputError as error:
            what = "refused"
            if offered not in str(error):
                faults.append([number, offered, kind, f"a sentence without the name: {error}"])
        except BaseException:
            faults.append([number, offered, kind, traceback.format_exc()[-600:]])
        _watching = False
        seconds = time.process_time() - start
        if _opened:
            faults.append([number, offered, kind, f"reached out: {_opened}"])
            _opened.clear()
        longest = max(longest, seconds)
        if seconds > SECONDS:
            faults.append([number, offered, kind, f"took {seconds:.1f} s"])
        counts[f"{kind} {what}"] += 1
    print(json.dumps({"counts": counts, "longest": longest, "grown": growth() - before, "faults": faults}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
