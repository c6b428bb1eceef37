"""Networks of somebody's own: what segmentation-models-pytorch and onnxruntime say of the same image is what we show,
and whatever does not fit is one sentence."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import segmentation_models_pytorch as smp
import torch
from onnx import TensorProto, helper, numpy_helper

from dbce.__main__ import main
from dbce.data.phantoms import polyp
from dbce.hub.guests import load_guest, load_guests, task_of
from dbce.network import DeepSupervisionUnet
from dbce.page.serving import with_guests
from dbce.page.settings import Offer, config
from dbce.page.studio import Studio
from dbce.registry import LOSSES
from dbce.study.predictor import Predictor, foreground_logits, log_probabilities
from dbce.study.studies import LOGIT_STEP
from dbce.tasks import ORGANS, POLYP
from dbce.train import checkpoints
from dbce.train.guests import Reading
from tests.small import drawn, written
from tests.stand_in_hub import Store, serve
from tests.test_hub import python

MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
IMAGE = polyp(3, 320)[0]
RECIPE = {"task": "polyp", "size": 64, "encoder": "mobilenet_v2", "epochs": 1, "images": 1, "data": "x", "seed": 0}


def unet(classes: int = 1, **options) -> smp.Unet:
    torch.manual_seed(classes)
    widths = {"decoder_channels": (8, 8, 8, 8, 8), "encoder_weights": None}
    return smp.Unet("mobilenet_v2", **{**widths, "classes": classes, **options}).eval()


def image_net(image: np.ndarray) -> torch.Tensor:
    """(H, W, 3) uint8 -> (1, 3, H, W), by hand."""
    return torch.from_numpy((image / 255 - MEAN) / STD).permute(2, 0, 1)[None].float()


def sigmoid(logit: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logit.astype(np.float64)))


@pytest.fixture(scope="module")
def theirs(tmp_path_factory) -> dict[str, Path]:
    """The same network as a folder of smp and as an ONNX file."""
    base = tmp_path_factory.mktemp("theirs")
    unet().save_pretrained(base / "unet")
    torch.onnx.export(
        unet(), (torch.zeros(1, 3, 320, 320),), base / "unet.onnx", dynamo=True, external_data=False, verbose=False
    )
    return {"smp": base / "unet", "onnx": base / "unet.onnx"}


@torch.inference_mode()
def test_smp_and_onnx_give_what_smp_itself_gives(theirs):
    expected = torch.sigmoid(unet()(image_net(IMAGE)))[0, 0].numpy()
    assert np.ptp(expected) > 0.05  # it does say something
    for kind, path in theirs.items():
        guest = load_guest(str(path), POLYP)
        assert np.abs(sigmoid(foreground_logits(guest, IMAGE[None])[0]) - expected).max() < 1e-4, kind
        shown = Predictor({"mine": guest}).set_image(IMAGE).logits["mine"]
        assert np.abs(sigmoid(shown * LOGIT_STEP) - expected).max() < 2e-4, kind
        assert "320 × 320 px" in guest.about and "1 map of logits" in guest.about and "sigmoid" in guest.about
        assert "guessed" in guest.about  # nobody said how the colours are normalised


@torch.inference_mode()
def test_a_softmax_of_two_classes_and_one_of_nine(tmp_path):
    unet(2, activation="softmax").save_pretrained(tmp_path / "two")
    guest = load_guest(str(tmp_path / "two"), POLYP)
    assert "2 maps of probabilities" in guest.about
    expected = unet(2)(image_net(IMAGE)).softmax(1)[0, 1].numpy()
    assert np.abs(sigmoid(foreground_logits(guest, IMAGE[None])[0]) - expected).max() < 1e-4
    unet(9).save_pretrained(tmp_path / "nine")
    found = np.exp(log_probabilities(load_guest(str(tmp_path / "nine"), ORGANS), IMAGE[None])[0])
    assert np.abs(found - unet(9)(image_net(IMAGE)).softmax(1)[0].numpy()).max() < 1e-4


def file_of(
    path: Path, nodes: list, shape: tuple, out: tuple, tensors: tuple = (), kind: int = TensorProto.FLOAT
) -> Path:
    """An ONNX file of a few operators, from x to y."""
    given, answer = helper.make_tensor_value_info("x", kind, shape), helper.make_tensor_value_info("y", 1, out)
    graph = helper.make_graph(nodes, "g", [given], [answer], list(tensors))
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path


def mixed(path: Path, weights: list, shape: tuple = (1, 3, "h", "w"), then: str = "", **more) -> Path:
    """One that gives, of every pixel, sums of its colours with weights: (classes, colours)."""
    values = np.array(weights, np.float32)[:, :, None, None]
    last = "z" if then else "y"
    nodes = [helper.make_node("Conv", ["x", "w"], [last])]
    if then:
        nodes.append(helper.make_node(then, ["z"], ["y"], **({"axis": 1} if then == "Softmax" else {})))
    out = (1, len(weights), *shape[2:])
    return file_of(path, nodes, shape, out, (numpy_helper.from_array(values, "w"),), **more)


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (Reading(), (IMAGE[..., 0] / 255 - MEAN[0]) / STD[0]),
        (Reading(normalise="none"), IMAGE[..., 0].astype(float)),
        (Reading(normalise="unit", values="logits"), IMAGE[..., 0] / 255),
        (Reading(normalise="none", channels="BGR"), IMAGE[..., 2].astype(float)),
    ],
)
def test_what_reaches_the_network_is_what_was_said(tmp_path, reading, expected):
    """A network that answers with the first colour that it is given."""
    guest = load_guest(str(mixed(tmp_path / "first.onnx", [[1, 0, 0]])), POLYP, reading)
    assert np.abs(foreground_logits(guest, IMAGE[None])[0] - expected).max() < 1e-3
    assert ("guessed" in guest.about) == (reading.normalise is None or reading.channels is None)


def test_a_sigmoid_at_the_end_is_told_and_one_hidden_is_asked_for(tmp_path):
    path = mixed(tmp_path / "p.onnx", [[4, -2, 1]], then="Sigmoid")
    guest = load_guest(str(path), POLYP)
    expected = ((IMAGE / 255 - MEAN) / STD) @ [4, -2, 1]
    assert "probabilities (as the file says)" in guest.about
    assert np.abs(sigmoid(foreground_logits(guest, IMAGE[None])[0]) - sigmoid(expected)).max() < 1e-4
    hidden = mixed(tmp_path / "h.onnx", [[0.2, 0.2, 0.2]])
    with pytest.raises(ValueError, match=r"Say which \(values: probabilities or logits\)"):
        load_guest(str(hidden), POLYP, Reading(normalise="unit"))
    load_guest(str(hidden), POLYP, Reading(normalise="unit", values="probabilities"))


def test_a_fixed_size_is_kept_and_said(tmp_path):
    path = mixed(tmp_path / "small.onnx", [[1, 0, 0]], (1, 3, 160, 160))
    guest = load_guest(str(path), POLYP)
    assert guest.size == 160 and "fixed by the file" in guest.about and "resized" in guest.about
    assert foreground_logits(guest, IMAGE[None]).shape == (1, 320, 320)
    with pytest.raises(ValueError, match="160 × 160 px and no other size"):
        load_guest(str(path), POLYP, Reading(size=320))


def test_colours_last_and_bytes(tmp_path):
    """As Keras and converters export it."""
    nodes = [helper.make_node("Cast", ["x"], ["f"], to=1), helper.make_node("ReduceMax", ["f", "axes"], ["y"])]
    axes = numpy_helper.from_array(np.array([3]), "axes")
    path = file_of(tmp_path / "k.onnx", nodes, (1, 320, 320, 3), (1, 320, 320, 1), (axes,), TensorProto.UINT8)
    guest = load_guest(str(path), POLYP)
    assert "0 to 255" in guest.about
    assert np.abs(foreground_logits(guest, IMAGE[None])[0] - IMAGE.max(2)).max() < 1e-3


def external(folder: Path) -> Path:
    """A file whose weights lie elsewhere: where it says, if anybody looks there."""
    path = mixed(folder / "outside.onnx", [[1, 0, 0]])
    model = onnx.load(path)
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.append(onnx.StringStringEntryProto(key="location", value="../../../etc/passwd"))
    path.write_bytes(model.SerializeToString())
    return path


def inside_a_branch(folder: Path) -> Path:
    """The same, in a constant of a graph within the graph."""
    tensor = TensorProto(name="t", data_type=1, dims=[1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.append(onnx.StringStringEntryProto(key="location", value="hidden"))
    deep = helper.make_node("Constant", [], ["c"])
    deep.attribute.append(onnx.AttributeProto(name="value", type=onnx.AttributeProto.TENSOR, t=tensor))
    branch = helper.make_graph([deep], "b", [], [helper.make_tensor_value_info("c", 1, (1,))])
    yes = numpy_helper.from_array(np.array(True), "yes")
    nodes = [helper.make_node("If", ["yes"], ["y"], then_branch=branch, else_branch=branch)]
    return file_of(folder / "branch.onnx", nodes, (1, 3, 320, 320), (1,), (yes,))


def pickled(folder: Path) -> Path:
    path = folder / "net.pth"
    path.write_bytes(pickle.dumps({"a": 1}))
    return path


def renamed(folder: Path) -> Path:
    path = folder / "net.onnx"
    torch.save(torch.zeros(1), path)
    return path


def garbage(folder: Path) -> Path:
    path = folder / "noise.onnx"
    path.write_bytes(np.random.default_rng(0).bytes(5000))
    return path


def cut(folder: Path) -> Path:
    path = mixed(folder / "cut.onnx", [[1, 0, 0]])
    path.write_bytes(path.read_bytes()[:-30])
    return path


def labels(folder: Path) -> Path:
    nodes = [helper.make_node("ArgMax", ["x"], ["y"], axis=1)]
    given = helper.make_tensor_value_info("x", 1, (1, 3, 320, 320))
    answer = helper.make_tensor_value_info("y", TensorProto.INT64, (1, 1, 320, 320))
    graph = helper.make_graph(nodes, "g", [given], [answer])
    path = folder / "argmax.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path


def smp_grey(folder: Path) -> Path:
    unet(in_channels=1).save_pretrained(folder / "grey")
    return folder / "grey"


def unknown_class(folder: Path) -> Path:
    unet().save_pretrained(folder / "odd")
    place = folder / "odd" / "config.json"
    place.write_text(json.dumps({**json.loads(place.read_text()), "_model_class": "from_pretrained"}))
    return folder / "odd"


def only_pickles(folder: Path) -> Path:
    (folder / "old").mkdir()
    (folder / "old" / "pytorch_model.bin").write_bytes(b"never read")
    return folder / "old"


BAD = {
    "3 maps, one a class; the task polyp has 2": lambda f: mixed(f / "three.onnx", np.eye(3).tolist()),
    "takes images of 1 channel": lambda f: mixed(f / "grey.onnx", [[1]], (1, 1, 320, 320)),
    "takes images of 1 channel (config.json)": smp_grey,
    "takes images of 1 × 3 × 320 × 160": lambda f: mixed(f / "flat.onnx", [[1, 0, 0]], (1, 3, 320, 160)),
    "takes 4 images at once": lambda f: mixed(f / "four.onnx", [[1, 0, 0]], (4, 3, 320, 320)),
    "net.pth is a pickle": pickled,
    "net.onnx is a pickle": renamed,
    "pytorch_model.bin is a pickle": only_pickles,
    "noise.onnx is no ONNX file": garbage,
    "cut.onnx": cut,
    "in another file ('../../../etc/passwd')": external,
    "in another file ('hidden')": inside_a_branch,
    "labels, not logits": labels,
    "the kind 'from_pretrained'": unknown_class,
    "is not there; name an .onnx": lambda f: f / "nothing.onnx",
    "no network by its ending": lambda f: written(drawn(1), f) / "images" / "a.png",
}


@pytest.mark.parametrize("words", BAD)
def test_what_does_not_fit_is_one_sentence(tmp_path, words):
    path = BAD[words](tmp_path)
    with pytest.raises(ValueError) as caught:
        load_guest(str(path), POLYP)
    said = str(caught.value)
    assert words in said and "\n" not in said and len(said) < 400, said


def test_a_network_of_train_says_all_by_itself(tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "mine.safetensors"
    network = DeepSupervisionUnet("mobilenet_v2").eval()
    checkpoints.save_checkpoint(path, network, {**RECIPE, "loss": "bce", "class_frequencies": [0.9, 0.1]})
    guest = load_guest(str(path), POLYP)
    assert torch.equal(guest.network.heads[-1].bias, network.heads[-1].bias) and "as its header says" in guest.about
    assert Predictor({"mine": guest}).frequencies == {"mine": (0.9, 0.1)}  # so its prior can be corrected
    assert task_of(str(path)) == "polyp" and task_of(str(tmp_path)) is None
    with pytest.raises(ValueError, match="says by itself"):
        load_guest(str(path), POLYP, Reading(normalise="unit"))
    with pytest.raises(ValueError, match="a network for 'polyp' with 2 classes"):
        load_guest(str(path), ORGANS)
    network.save_pretrained(tmp_path / "folder")
    assert torch.equal(load_guest(str(tmp_path / "folder"), POLYP).network.heads[-1].bias, network.heads[-1].bias)


def test_names_are_checked(tmp_path):
    path = str(mixed(tmp_path / "first.onnx", [[1, 0, 0]]))
    for name, words in {"dbce": "choose another", "taken": "choose another", "a.b": "up to 30 letters"}.items():
        with pytest.raises(ValueError, match=words):
            load_guests({name: path}, POLYP, beside=["taken"])
    with pytest.raises(ValueError, match="at most 8"):
        load_guests({f"n{k}": path for k in range(5)}, POLYP, beside=LOSSES)
    with pytest.raises(ValueError, match="normalise is 'zscore'"):
        Reading(normalise="zscore")


@pytest.fixture(scope="module")
def offer() -> Offer:
    return Offer(Predictor({"ce": checkpoints.bundled("polyp")["ce"]}, "polyp"))


def test_on_the_page_it_is_a_network_of_its_own(tmp_path, offer, capsys):
    path = mixed(tmp_path / "first.onnx", [[1, 0, 0]])
    found = with_guests([offer], {"mine": str(path)}, {"mine": Reading(normalise="unit", values="logits")})[0]
    studio = Studio(found.predictor)
    known = config(studio, found, ["polyp"])
    assert known["losses"] == ["ce", "mine"] and known["guests"] == ["mine"]
    assert known["remarks"] == {"mine": "your network"} and known["titles"]["mine"] == "mine"
    assert "Your network mine is first.onnx" in known["recipe"] and "One network" in known["recipe"]
    assert known["lines"]["mine"] not in [known["lines"]["ce"]]
    study = studio.example(0).study
    expected = studio.examples[0][0][..., 0] / 255
    assert np.abs(study.logits["mine"] * LOGIT_STEP - expected).max() <= LOGIT_STEP
    assert set(study.scores("mine")) == set(study.scores("ce"))
    asked = {"of": {"example": 0}, "view": {"tab": "compare", "loss": "mine", "shown": ["ce", "mine"]}, "kind": "csv"}
    assert "data" in studio.export_view(json.dumps(asked))
    assert "first.onnx" in capsys.readouterr().err
    with pytest.raises(ValueError, match="for the task 'lesion'; this page has polyp"):
        with_guests([offer], {"lesion/mine": str(path)})


def test_evaluate_and_compare_take_it_by_option(tmp_path, theirs, capsys):
    """The score is that of smp's own prediction, counted by hand."""
    base = written(drawn(2, 320), tmp_path)
    option = ["--network", f"mine={theirs['onnx']}"]
    only = ["--checkpoint", str(checkpoints.FOLDER / "polyp" / "ce.safetensors")]
    assert main(["evaluate", "polyp", "--data", str(base), "--json", *only, *option]) == 0
    said = json.loads(capsys.readouterr().out)
    assert list(said) == ["ce", "mine"]
    dice = []
    for image, mask in zip(drawn(2, 320).images, drawn(2, 320).labels, strict=True):
        with torch.inference_mode():
            found = unet()(image_net(image))[0, 0].numpy() > 0
        dice.append(200 * (found & (mask == 1)).sum() / (found.sum() + (mask == 1).sum()))
    assert said["mine"]["dice"] == pytest.approx(np.mean(dice), abs=0.02)
    out = tmp_path / "report.html"
    folders = ["--images", str(base / "images"), "--masks", str(base / "masks")]
    assert main(["compare", *folders, *option, "-o", str(out)]) == 0
    shown = capsys.readouterr()
    assert "| mine |" in shown.out and "Your network mine is unet.onnx" in shown.err
    assert '"guests": ["mine"]' in out.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--network", "unet.onnx"], "as in mine=unet.onnx"),
        (["--network", "mine=x.onnx", "--normalise", "yours=unit"], "the networks are mine"),
        (["--network", "mine=x.onnx", "--input-size", "mine=big"], "number of pixels"),
        (["--network", "mine=x.onnx", "--in-browser"], "drop an ONNX file on the page"),
    ],
)
def test_options_that_do_not_fit_are_one_sentence(arguments, words, capsys):
    assert main(["demo", *arguments]) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1


CODE = """
import sys
from dbce.hub.guests import load_guest
from dbce.tasks import POLYP
for reference in sys.argv[1:]:
    try:
        print(load_guest(reference, POLYP).about)
    except ValueError as error:
        print("SENTENCE", error)
"""


def test_from_the_hub_with_the_preprocessing_of_its_encoder(theirs, tmp_path):
    """Two files of the repository are fetched, and the encoder's numbers; a pickle beside them is not."""
    from segmentation_models_pytorch.encoders import encoders

    store, of_encoder = Store(), encoders["mobilenet_v2"]["pretrained_settings"]["imagenet"]
    files = {path.name: path.read_bytes() for path in theirs["smp"].iterdir()}
    sha = store.commit("models", "user/unet", {**files, "pytorch_model.bin": b"never fetched"})
    odd = {"mean": [0.1, 0.2, 0.3], "std": [1, 1, 1], "input_space": "BGR", "input_range": [0, 255]}
    store.repos["models", of_encoder["repo_id"]] = {of_encoder["revision"]: {"config.json": json.dumps(odd).encode()}}
    with serve(store) as address:
        done = python(tmp_path, address, "-c", CODE, f"user/unet@{sha}", "user/unet", f"user/none@{sha}")
    assert done.returncode == 0, done.stderr
    first, unpinned, missing = done.stdout.strip().splitlines()
    assert "user/unet: input" in first and "BGR" in first and "mean and deviation of mobilenet_v2" in first
    assert "pin a revision" in unpinned and "no repository 'user/none'" in missing
    assert not any("pytorch_model.bin" in path for path in store.asked)


def test_a_refusal_says_what_is_wrong_while_it_runs_too(tmp_path):
    """A network whose values are probabilities on the drawn image alone."""
    path = mixed(tmp_path / "grey.onnx", [[2, 0, 0]])
    guest = load_guest(str(path), POLYP, Reading(normalise="unit", values="logits"))
    guest = replace(guest)
    guest.network.values = "probabilities"
    with pytest.raises(ValueError, match="which are no probabilities"):
        foreground_logits(guest, np.full((1, 320, 320, 3), 255, np.uint8))
