"""The network of section 3.2: three heads while training, the 1/4 head at inference, weights from a file."""

from __future__ import annotations

import pytest
import segmentation_models_pytorch as smp
import torch
from safetensors.torch import save_file

from dbce.network import DeepSupervisionUnet


@pytest.fixture(scope="module")
def network() -> DeepSupervisionUnet:
    torch.manual_seed(0)
    return DeepSupervisionUnet("mobilenet_v2", num_classes=3)


def test_three_outputs_in_training_one_at_inference(network):
    image = torch.rand(2, 3, 64, 96)
    outputs = network.train()(image)
    assert [tuple(output.shape) for output in outputs] == [(2, 3, 64, 96)] * 3
    output = network.eval()(image)
    assert output.shape == (2, 3, 64, 96)


def test_heads_sit_at_a_sixteenth_an_eighth_and_a_quarter(network):
    shapes = []
    hooks = [
        head.register_forward_hook(lambda _, __, out: shapes.append(tuple(out.shape[2:]))) for head in network.heads
    ]
    network.train()(torch.rand(1, 3, 64, 128))
    assert shapes == [(4, 8), (8, 16), (16, 32)]
    shapes.clear()
    network.eval()(torch.rand(1, 3, 64, 128))
    assert shapes == [(16, 32)]  # the others do not run at inference
    for hook in hooks:
        hook.remove()


def test_inference_is_the_quarter_head_of_training(network):
    image = torch.rand(2, 3, 32, 32)
    network.train()
    for module in network.modules():  # running statistics in both, so that only the heads can differ
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eval()
    last = network(image)[-1]
    assert torch.equal(network.eval()(image), last)


def test_every_parameter_gets_a_gradient(network):
    network.train().zero_grad()
    sum(output.square().mean() for output in network(torch.rand(2, 3, 64, 64))).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters())


def test_normalises_with_imagenet_statistics_inside(network):
    seen = []
    hook = network.encoder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    grey = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1).expand(1, 3, 32, 32)
    network.eval()(grey)
    network(grey + torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))
    hook.remove()
    assert seen[0].abs().max() < 1e-6 and torch.allclose(seen[1], torch.ones(1), atol=1e-6)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("form", ["torchvision", "checkpoint"])
def test_encoder_weights_from_a_file(tmp_path, suffix, form):
    state = {k: v.contiguous() for k, v in smp.encoders.get_encoder("mobilenet_v2", weights=None).state_dict().items()}
    stored = dict(state)
    if form == "torchvision":  # its files carry the classifier as well
        stored |= {"classifier.1.weight": torch.zeros(1000, 1280), "classifier.1.bias": torch.zeros(1000)}
    else:
        stored = {f"encoder.{key}": value for key, value in stored.items()}
    path = tmp_path / f"weights{suffix}"
    save_file(stored, path) if suffix == ".safetensors" else torch.save(stored, path)
    loaded = DeepSupervisionUnet("mobilenet_v2", encoder_weights=path).encoder.state_dict()
    assert all(torch.equal(loaded[key], state[key]) for key in state)


def test_imagenet_weights_are_asked_of_smp(monkeypatch):
    asked = []
    real = smp.encoders.get_encoder

    def fake(name, weights=None, **options):
        asked.append((name, weights))
        return real(name, weights=None, **options)

    monkeypatch.setattr(smp.encoders, "get_encoder", fake)
    DeepSupervisionUnet("mobilenet_v2", encoder_weights="imagenet")
    DeepSupervisionUnet("mobilenet_v2")
    assert asked == [("mobilenet_v2", "imagenet"), ("mobilenet_v2", None)]


def test_the_papers_encoder_stops_at_a_quarter_too():
    network = DeepSupervisionUnet("resnet34").eval()
    assert network(torch.rand(1, 3, 64, 64)).shape == (1, 2, 64, 64)
    assert network.config == {"encoder": "resnet34", "num_classes": 2, "decoder_channels": [256, 128, 64]}


@pytest.mark.parametrize("shape", [(1, 3, 65, 64), (1, 1, 64, 64), (3, 64, 64)])
def test_images_of_another_shape_get_a_sentence(network, shape):
    with pytest.raises(ValueError, match=r"image has shape .* multiples of 32"):
        network(torch.rand(shape))


def test_unknown_encoders_and_files_get_a_sentence(tmp_path):
    with pytest.raises(ValueError, match="encoder is 'resnet35'"):
        DeepSupervisionUnet("resnet35")
    with pytest.raises(ValueError, match='neither "imagenet" nor a file'):
        DeepSupervisionUnet("mobilenet_v2", encoder_weights=tmp_path / "none.pth")
    other = tmp_path / "resnet.pth"
    torch.save({"layer1.weight": torch.zeros(3)}, other)
    with pytest.raises(ValueError, match="does not hold weights of this encoder"):
        DeepSupervisionUnet("mobilenet_v2", encoder_weights=other)
    text = tmp_path / "text.pth"
    text.write_text("no weights")
    with pytest.raises(ValueError, match="does not hold weights"):
        DeepSupervisionUnet("mobilenet_v2", encoder_weights=text)
