"""The real huggingface_hub client against a stand-in Hub on loopback, in both directions, faults included."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import torch
from huggingface_hub import ModelCard, SpaceCard
from safetensors.torch import load_file

from dbce.network import DeepSupervisionUnet
from dbce.page.serving import offers_of
from dbce.train import checkpoints
from dbce.train.checkpoints import FOLDER
from tests.browser.actions import READY
from tests.stand_in_hub import TOKEN, Store, serve

ROOT = Path(__file__).resolve().parent.parent
RECIPE = {"task": "polyp", "size": 64, "encoder": "mobilenet_v2", "epochs": 1, "images": 1, "data": "x", "seed": 0}
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def nets(tmp_path_factory) -> Path:
    """Two networks of somebody's own."""
    folder = tmp_path_factory.mktemp("nets")
    for seed, name in enumerate(("mine", "focal-2")):
        torch.manual_seed(seed)
        checkpoints.save_checkpoint(folder / f"{name}.safetensors", DeepSupervisionUnet("mobilenet_v2"), RECIPE)
    return folder


@pytest.fixture
def store(nets) -> Store:
    store = Store()
    files = {path.name: path.read_bytes() for path in nets.iterdir()}
    store.commit("models", "user/nets", files | {"pickle.bin": b"never fetched"})
    return store


@pytest.fixture
def endpoint(store):
    with serve(store) as address:
        yield address


@pytest.fixture
def pinned(store) -> str:
    return f"user/nets@{store.sha('models', 'user/nets', 'main')}"


def python(home: Path, endpoint: str, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own: the client reads its settings when it is imported."""
    settings = {
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_TOKEN": TOKEN,
        "PYTHONPATH": str(ROOT),
    }
    env = {**os.environ, **settings, **extra}
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True)


CODE = """
import resource, sys, time
from dbce.hub import networks as hub
from dbce.train import checkpoints
time.sleep = lambda seconds: None  # the client tries again after 1, 2, 4, 8 and 8 seconds
limit, *references = sys.argv[1:]
if int(limit):  # no file may grow beyond this: a full disk
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit),) * 2)
for reference in references:
    try:
        found = checkpoints.collect_networks(hub.download_networks(reference))
        print({task: list(networks) for task, networks in found.items()})
    except ValueError as error:
        print("SENTENCE", type(error).__name__, error)
"""


def download(references: str | list[str], home: Path, endpoint: str, limit: int = 0, **extra: str) -> str:
    """A line for each reference, all asked by one process."""
    asked = [references] if isinstance(references, str) else references
    done = python(home, endpoint, "-c", CODE, str(limit), *asked, **extra)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_pinned_repository_is_fetched_once_and_then_without_network(store, endpoint, pinned, tmp_path):
    expected = "{'polyp': ['focal-2', 'mine']}"
    assert download(pinned, tmp_path, endpoint) == expected
    assert not any("pickle" in path for path in store.asked)
    assert download(pinned, tmp_path, endpoint, HF_HUB_OFFLINE="1") == expected
    before = len([path for path in store.asked if "resolve" in path])
    assert download(pinned, tmp_path, NOBODY) == expected
    assert len([path for path in store.asked if "resolve" in path]) == before


CANNOT_BE_HAD = {
    "user/nets": "ValueError hub is 'user/nets'; pin a revision",
    "user/nets@" + "f" * 40: "Unavailable the Hub's repository user/nets has no revision",
    "user/other@v1": "Unavailable the Hub has no repository 'user/other'",
    "a/b/c@v1": "ValueError hub is 'a/b/c@v1'; the form is user/name@revision",
}


def test_what_cannot_be_had_is_one_sentence(endpoint, tmp_path):
    said = download(list(CANNOT_BE_HAD), tmp_path, endpoint).splitlines()
    for line, words in zip(said, CANNOT_BE_HAD.values(), strict=True):
        assert line.startswith(f"SENTENCE {words}")


@pytest.mark.parametrize(("address", "extra"), [(NOBODY, {}), (NOBODY, {"HF_HUB_OFFLINE": "1"})])
def test_no_network_and_no_cache_is_one_sentence(tmp_path, pinned, address, extra):
    said = download(pinned, tmp_path, address, **extra)
    assert said.startswith("SENTENCE Unavailable") and "check the connection" in said


def test_a_damaged_file_is_named(store, endpoint, pinned, tmp_path):
    files = store.files("models", "user/nets", "main")
    files["mine.safetensors"] = files["mine.safetensors"][:5000]
    said = download(pinned, tmp_path, endpoint)
    assert said.startswith("SENTENCE") and "mine.safetensors is no checkpoint" in said


def test_a_full_disk_is_one_sentence_and_the_next_try_succeeds(endpoint, pinned, tmp_path):
    said = download(pinned, tmp_path, endpoint, 1_000_000)
    assert said.startswith("SENTENCE Unavailable") and "could not be downloaded" in said and "\n" not in said
    assert download(pinned, tmp_path, endpoint) == "{'polyp': ['focal-2', 'mine']}"


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Networks of two tasks and a Space, uploaded by one command to an empty Hub."""
    store, home = Store(), tmp_path_factory.mktemp("home")
    with serve(store) as address:
        command = ["publish", "polyp", "organs", "--repo", "user/dbce", "--space", "user/page", "--private"]
        done = python(home, address, "-m", "dbce", *command)
        assert done.returncode == 0, done.stderr
        yield store, address, done.stdout


def test_publishing_uploads_the_bundled_networks_and_prints_where(published):
    store, _, said = published
    sha = store.sha("models", "user/dbce", "main")
    assert f"python app.py --hub user/dbce@{sha}" in said and "/spaces/user/page" in said
    assert all(given.get("private") or given.get("visibility") == "private" for given in store.created)
    assert [given.get("type", "model") for given in store.created] == ["model", "space"]
    files = store.files("models", "user/dbce", "main")
    for task in ("polyp", "organs"):
        for loss in ("ce", "bce", "dice_ce", "dbce"):
            uploaded = files[f"{task}/{loss}/model.safetensors"]
            assert uploaded == (FOLDER / task / f"{loss}.safetensors").read_bytes()
            config = json.loads(files[f"{task}/{loss}/config.json"])
            assert config["encoder"] == "mobilenet_v2" and config["loss"] == loss and config["recipe"]["seed"] == 0


SHOWN = ("results", "radius_curve", "findings", "calibration", "learning", "repeats", "shares", "set")


def test_what_was_published_is_what_the_app_shows(published, tmp_path):
    """Networks, and all that was measured of them: as with those of the repository."""
    store, address, _ = published
    reference = f"user/dbce@{store.sha('models', 'user/dbce', 'main')}"
    code = (
        "import json, sys; from dbce.page import serving; offers, notice = serving.offers_from_hub(sys.argv[1]); "
        "print(json.dumps([notice, {o.predictor.task.name: [list(o.predictor.checkpoints), "
        "{name: getattr(o, name) for name in sys.argv[2:]}] for o in offers}]))"
    )
    done = python(tmp_path, address, "-c", code, reference, *SHOWN)
    assert done.returncode == 0, done.stderr
    notice, found = json.loads(done.stdout)
    here = {offer.predictor.task.name: offer for offer in offers_of(FOLDER)}
    assert notice == "" and list(found) == ["polyp", "organs"]
    for task, (networks, shown) in found.items():
        assert networks == ["ce", "bce", "dice_ce", "dbce"]
        expected = {name: getattr(here[task], name) for name in SHOWN}
        assert shown == json.loads(json.dumps(expected)), task
        assert all(shown[name] for name in SHOWN if name not in ("learning", "repeats", "set")), (
            "of each task all was measured"
        )
    assert found["organs"][1]["learning"] and found["polyp"][1]["set"] and found["polyp"][1]["repeats"]


def test_a_file_that_is_not_the_published_one_makes_the_app_show_the_bundled_networks(published, tmp_path):
    files = published[0].files("models", "user/dbce", "main")
    name = "polyp/ce/model.safetensors"
    store = Store()
    references = [
        f"user/{fault}@{store.commit('models', f'user/{fault}', {**files, name: content})}"
        for fault, content in (("another", files["polyp/bce/model.safetensors"]), ("short", files[name][:-1000]))
    ]
    code = (
        "import sys; from dbce.page import serving\n"
        "for reference in sys.argv[1:]:\n"
        "    offers, notice = serving.offers_from_hub(reference)\n"
        "    print([o.predictor.task.name for o in offers], notice)"
    )
    with serve(store) as address:
        done = python(tmp_path, address, "-c", code, *references)
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines():
        assert line.startswith("['polyp', 'lesion', 'organs']")  # the Hub has two tasks, the bundled are three
        assert "the file is damaged or was replaced" in line and "bundled networks instead" in line
    assert len(done.stdout.splitlines()) == 2


def test_the_model_card_has_the_metadata_and_our_scores(published):
    card = ModelCard(published[0].files("models", "user/dbce", "main")["README.md"].decode())
    data = card.data
    assert (data.library_name, data.pipeline_tag, data.license) == ("dbce", "image-segmentation", "other")
    assert data.base_model == ["smp-hub/mobilenet_v2.imagenet"] and data.datasets == ["CT-phantoms", "Kvasir-SEG"]
    scores = {(r.dataset_type, r.metric_name): r.metric_value for r in data.eval_results}
    for task, tested in (("polyp", "CVC-ClinicDB"), ("organs", "CT-phantoms")):
        for loss, words in (("ce", "CE"), ("dbce", "Dilated balanced CE")):
            assert scores[tested, f"Dice, {words}"] == checkpoints.manifest(task)[loss]["scores"]["dice"]
    for words in (
        "Not for clinical use",
        "research and education",
        "| Balanced CE |",
        "arXiv 2412.06045",
        "learning rate",
    ):
        assert words in card.text
    assert "{" not in card.text.replace("{'", "")  # no placeholder was forgotten


def test_the_space_holds_the_app_and_names_its_networks(published):
    store = published[0]
    files = store.files("spaces", "user/page", "main")
    reference = f"user/dbce@{store.sha('models', 'user/dbce', 'main')}"
    assert store.variables == {"DBCE_HUB": reference}
    needed = {"app.py", "requirements.txt", "README.md", "dbce/web/app/viewer.js", "checkpoints/polyp/ce.safetensors"}
    assert needed <= set(files)
    assert not [name for name in files if "__pycache__" in name or name.startswith(("tests", ".git/", ".venv"))]
    data = SpaceCard(files["README.md"].decode()).data
    assert (data.sdk, data.app_file, data.models) == ("gradio", "app.py", ["user/dbce"])
    repository, listed, revision = data.to_dict()["preload_from_hub"][0].split()
    assert f"{repository}@{revision}" == reference
    assert set(listed.split(",")) <= set(store.files("models", "user/dbce", "main"))
    assert "polyp/dbce/model.safetensors" in listed


def test_a_space_alone_shows_the_bundled_networks(tmp_path):
    store = Store()
    with serve(store) as address:
        done = python(tmp_path, address, "-m", "dbce", "publish", "--space", "user/page")
    assert done.returncode == 0, done.stderr
    files = store.files("spaces", "user/page", "main")
    assert store.variables == {} and list(store.repos) == [("spaces", "user/page")]
    assert files["checkpoints/lesion/dbce.safetensors"] == (FOLDER / "lesion" / "dbce.safetensors").read_bytes()
    assert "preload_from_hub" not in files["README.md"].decode().split("---")[1]


PUBLISH = """
import os, sys
from dbce.__main__ import main
for line in sys.argv[1:]:
    token, *arguments = line.split()
    os.environ["HF_TOKEN"] = token
    print(f"status {main(arguments)}", file=sys.stderr)
"""


def refusals(home: Path, endpoint: str, *lines: str) -> list[str]:
    """The sentence in which each command is refused: a token, and the arguments; all in one process."""
    done = python(home, endpoint, "-c", PUBLISH, *lines)
    assert done.returncode == 0, done.stderr
    *parts, rest = re.split(r"^status (\d+)\n", done.stderr, flags=re.MULTILINE)
    assert parts[1::2] == ["2"] * len(lines) and not rest
    said = [[line for line in part.splitlines() if line.startswith("dbce:")] for part in parts[::2]]
    assert [len(sentences) for sentences in said] == [1] * len(lines)
    return [sentence for (sentence,) in said]


def test_what_cannot_be_published_is_one_sentence(tmp_path):
    with serve(Store()) as address:
        login, form, tasks = refusals(
            tmp_path,
            address,
            "hf_wrong publish polyp --repo user/dbce",
            f"{TOKEN} publish polyp --repo no/such/form",
            f"{TOKEN} publish --repo user/dbce",
        )
    assert "log in with `hf auth login`" in login
    assert "the form is user/name" in form
    assert "needs the tasks whose networks to upload: polyp, lesion, organs" in tasks
    with serve(Store(writable=False)) as address:
        (said,) = refusals(tmp_path, address, f"{TOKEN} publish polyp --repo user/dbce")
    assert "403 Forbidden: this token may not write" in said
    (said,) = refusals(tmp_path, NOBODY, f"{TOKEN} publish polyp --repo user/dbce")
    assert "check the connection" in said


MIXIN = """
import sys, torch
from dbce.network import DeepSupervisionUnet
torch.manual_seed(1)
mine = DeepSupervisionUnet("mobilenet_v2", 3, decoder_channels=(32, 16, 8)).eval()
mine.push_to_hub("user/own")
image = torch.rand(1, 3, 64, 64)
again = DeepSupervisionUnet.from_pretrained("user/own")
assert again.config == mine.config and not again.training
assert torch.equal(again(image), mine(image))
mine.save_pretrained(sys.argv[1] + "/inner")
assert torch.equal(DeepSupervisionUnet.from_pretrained(sys.argv[1], subfolder="inner")(image), mine(image))
"""


def test_networks_of_ones_own_go_there_and_back(tmp_path):
    store = Store()
    with serve(store) as address:
        done = python(tmp_path / "home", address, "-c", MIXIN, str(tmp_path))
        assert done.returncode == 0, done.stderr
    files = store.files("models", "user/own", "main")
    assert json.loads(files["config.json"]) == {
        "encoder": "mobilenet_v2",
        "num_classes": 3,
        "decoder_channels": [32, 16, 8],
    }
    assert "library_name: dbce" in files["README.md"].decode()


def test_a_published_network_is_loaded_as_documented(published, tmp_path):
    store, address, _ = published
    page = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python hub\n(.*?)```", page, re.DOTALL)
    code = code.replace("user/name", "user/dbce").replace("COMMIT", store.sha("models", "user/dbce", "main"))
    code += "import sys; from safetensors.torch import save_file; save_file(network.state_dict(), sys.argv[1])"
    done = python(tmp_path, address, "-c", code, str(tmp_path / "state.safetensors"))
    assert done.returncode == 0, done.stderr
    loaded = load_file(tmp_path / "state.safetensors")
    bundled = checkpoints.bundled("polyp")["dbce"].network.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in bundled.items())


def test_from_pretrained_says_what_is_missing(tmp_path):
    with pytest.raises(ValueError, match="holds no network in 'polyp/ce'"):
        DeepSupervisionUnet.from_pretrained(tmp_path, subfolder="polyp/ce")
    DeepSupervisionUnet("mobilenet_v2").save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "num_classes": 5}))
    with pytest.raises(ValueError, match="holds no network of this kind"):
        DeepSupervisionUnet.from_pretrained(tmp_path)


def test_the_page_says_that_it_shows_the_bundled_networks_instead(browser, tmp_path):
    """A page with a repository that cannot be had: it starts, and says why it shows something else."""
    code = (
        "import sys, time; from dbce.page import page, serving; "
        "sleep, time.sleep = time.sleep, lambda seconds: None; "  # between the client's tries, 23 seconds
        "offers, notice = serving.offers_from_hub('user/nets@v1'); "
        "time.sleep = sleep; "
        "demo = page.build(*offers[:1], notice=notice); "
        "_, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, **page.LAUNCH); print(url, flush=True); "
        "sys.stdin.read()"
    )
    env = {**os.environ, "HF_ENDPOINT": NOBODY, "HF_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    app = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        url = app.stdout.readline().strip()
        assert urllib.request.urlopen(url, timeout=60).status == 200
        page = browser.new_page()
        page.goto(url)
        page.wait_for_selector(READY, timeout=60000)
        said = page.inner_text(".notice")
        assert "user/nets@v1 could not be downloaded" in said and "shows the bundled networks instead" in said
        page.close()
    finally:
        app.communicate("")
