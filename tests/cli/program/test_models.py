"""Networks that are trained once more, kept, tested and used."""

import csv
import gzip
import io
import json
import pathlib
import shutil
import signal
import sqlite3
import struct
import unittest
import zlib

import numpy as np
import optuna
from program_test import ProgramTest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

optuna.logging.set_verbosity(optuna.logging.ERROR)

DATASET = pathlib.Path("/usr/share/datasets/fashion-mnist")
TEST_IMAGES = DATASET / "t10k-images-idx3-ubyte.gz"


def images_of(path):
    content = gzip.decompress(path.read_bytes())
    _, count, height, width = struct.unpack(">4I", content[:16])
    return np.frombuffer(content, np.uint8, offset=16).reshape(count, height * width)


def idx_file(path, images):
    """Images [n, height, width] without compression."""
    path.write_bytes(struct.pack(">4I", 0x803, *images.shape) + images.astype(np.uint8).tobytes())


def metadata_of(path):
    with safe_open(path, framework="numpy") as model:
        return model.metadata()


def with_metadata(source, target, **changes):
    """Another file with changed metadata and a checksum that fits."""
    content = source.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8:8 + length])
    header["__metadata__"].update(changes, crc32="0" * 8)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    content = struct.pack("<Q", len(text)) + text + content[8 + length:]
    checksum = f'"crc32":"{zlib.crc32(content):08x}"'.encode()
    target.write_bytes(content.replace(b'"crc32":"00000000"', checksum, 1))
    return target.name


def forward(path, images):
    """The probabilities that a dense network gives, computed from nothing but its file."""
    tensors = load_file(path)
    metadata = metadata_of(path)
    params = json.loads(metadata["params"])
    normalization = json.loads(metadata["normalization"])
    activate = {"relu": lambda x: np.maximum(x, 0.0), "tanh": np.tanh}[params["activation"]]
    x = images.astype(np.float64) * normalization["scale"] + normalization["shift"]
    depth = params["depth"]
    for i in range(depth + 1):
        x = x @ tensors[f"layer{i}.weight"].T.astype(np.float64) + tensors[f"layer{i}.bias"]
        if i == depth:
            break
        if params["batch_norm"]:
            norm = {part: tensors[f"norm{i}.{part}"] for part in ("gamma", "beta", "running_mean", "running_var")}
            x = (x - norm["running_mean"]) / np.sqrt(norm["running_var"] + 1e-5) * norm["gamma"] + norm["beta"]
        x = activate(x)
    x = np.exp(x - x.max(axis=1, keepdims=True))
    return x / x.sum(axis=1, keepdims=True)


class Models(ProgramTest):
    def run_study(self, trials=2, **changes):
        self.succeed(self.study("tiny", **changes), "--trials", trials, "--jobs", "1")

    def retrain(self, *options, db="tiny.db"):
        return json.loads(self.succeed("retrain", db, "-f", "json", *options))

    def test_the_best_trial_is_retrained_beside_the_database_which_stays_as_it_is(self):
        self.run_study(4)
        before = self.digest("tiny.db")
        best = json.loads(self.succeed("best-trial", "tiny.db", "-f", "json"))["number"]
        report = self.retrain()
        name = f"tiny.trial-{best}.safetensors"
        self.assertEqual(report["model"], name)
        self.assertEqual(report["trial"], best)
        self.assertEqual(self.digest("tiny.db"), before)
        self.assertEqual(self.names(), ["tiny.db", "tiny.json", name])
        metadata = metadata_of(self.path(name))
        self.assertEqual(metadata["training_examples"], "1500")
        self.assertEqual(json.loads(metadata["training_key"]), {"seed": 42, "trial": best})
        self.assertEqual(json.loads(metadata["test"])["accuracy"], report["test_accuracy"])
        self.assertEqual(sum(tensor.size for tensor in load_file(self.path(name)).values()),
                         report["parameter_count"])

    def test_evaluate_finds_exactly_what_retrain_found(self):
        self.run_study(1)
        report = self.retrain("--trial", 0, "-o", "model")
        del report["training_seconds"]
        self.assertEqual(json.loads(self.succeed("evaluate", "model", "-f", "json")), report)
        self.assertEqual(report["n_test_examples"], 10000)
        confusion = np.array(report["confusion"])
        self.assertEqual(confusion.sum(), 10000)
        self.assertAlmostEqual(report["test_accuracy"], np.trace(confusion) / 10000, 12)
        for label, row in enumerate(report["classes"]):
            self.assertEqual(row["class"], label)
            self.assertEqual(row["n_examples"], 1000)
            self.assertAlmostEqual(row["accuracy"], confusion[label, label] / 1000, 12)
            taken = confusion[:, label].sum()
            self.assertEqual(row["precision"] is None, taken == 0)
            if taken:
                self.assertAlmostEqual(row["precision"], confusion[label, label] / taken, 12)
        rows = list(csv.reader(io.StringIO(self.succeed("evaluate", "model", "-f", "csv"))))
        self.assertEqual(rows[0][:5], ["class", "examples", "accuracy", "precision", "as_0"])
        self.assertEqual([[int(cell) for cell in row[4:]] for row in rows[1:]], report["confusion"])
        self.assertIn(f"test accuracy     {report['test_accuracy']:.6g}", self.succeed("retrain", "tiny.db", "--trial", 0))

    def test_training_twice_gives_the_same_bytes(self):
        self.run_study(1)
        for name in ("one", "two"):
            self.retrain("--trial", 0, "-o", name)
        self.assertEqual(self.digest("one"), self.digest("two"))
        self.run_study(2)
        self.retrain("--trial", 1, "-o", "other")
        self.assertNotEqual(load_file(self.path("one"))["layer0.bias"].tobytes(),
                            load_file(self.path("other"))["layer0.bias"].tobytes())

    def test_python_finds_the_same_predictions_from_the_file(self):
        images = images_of(TEST_IMAGES)
        for number, fixed in enumerate(({"activation": "relu"}, {"activation": "tanh", "batch_norm": True})):
            name = f"s{number}"
            self.succeed(self.study("tiny", file=f"{name}.json", name=name, fixed=fixed), "--trials", 1)
            self.retrain("-o", name, "--trial", 0, db=f"{name}.db")
            answers = json.loads(self.succeed("predict", name, TEST_IMAGES, "-f", "json"))
            self.assertEqual([answer["image"] for answer in answers], list(range(10000)))
            ours = np.array([answer["probabilities"] for answer in answers])
            theirs = forward(self.path(name), images)
            np.testing.assert_allclose(ours, theirs, atol=2e-5)
            classes = np.array([answer["class"] for answer in answers])
            np.testing.assert_array_equal(classes, ours.argmax(axis=1))
            self.assertGreater((classes == theirs.argmax(axis=1)).mean(), 0.9995)
            labels = np.frombuffer(gzip.decompress((DATASET / "t10k-labels-idx1-ubyte.gz").read_bytes()), np.uint8, offset=8)
            report = json.loads(self.succeed("evaluate", name, "-f", "json"))
            self.assertEqual((classes == labels).mean(), report["test_accuracy"])
            self.assertAlmostEqual(-np.log(theirs[np.arange(10000), labels]).mean(), report["test_loss"], 5)

    def test_predictions_go_to_a_file_that_is_not_replaced_unasked(self):
        self.run_study(1)
        self.retrain("--trial", 0, "-o", "model")
        idx_file(self.path("three"), images_of(TEST_IMAGES)[:3].reshape(3, 28, 28))
        printed = self.succeed("predict", "model", "three", "-f", "csv")
        self.assertEqual(self.succeed("predict", "model", "three", "-f", "csv", "-o", "out.csv"), "")
        self.assertEqual(self.path("out.csv").read_text(), printed)
        self.assertEqual(len(printed.splitlines()), 4)
        self.assertIn("is there already", self.fail_with(2, "predict", "model", "three", "-o", "out.csv"))
        self.succeed("predict", "model", "three", "-o", "out.csv", "--force")
        self.assertIn("image  class", self.path("out.csv").read_text())

    def test_a_model_that_is_there_is_not_replaced_unasked(self):
        self.run_study(2)
        self.retrain("--trial", 0, "-o", "model")
        before = self.digest("model")
        self.assertIn("--force", self.fail_with(2, "retrain", "tiny.db", "--trial", 1, "-o", "model"))
        self.assertEqual(self.digest("model"), before)
        self.retrain("--trial", 1, "-o", "model", "--force")
        self.assertNotEqual(self.digest("model"), before)
        self.assertIn("there is no folder", self.fail_with(2, "retrain", "tiny.db", "-o", "nowhere/model"))
        self.assertIn("found the folder", self.fail_with(2, "retrain", "tiny.db", "-o", "."))

    def test_a_convolutional_network_is_kept_too(self):
        self.run_study(1, space={"lr": {"type": "float", "low": 1e-3, "high": 1e-2}},
                       fixed={"family": "cnn", "conv_blocks": 1, "channels": 4, "depth": 0, "batch_norm": True},
                       objective={"type": "fmnist", "epochs": 1, "training_examples": 300, "validation_examples": 100})
        self.assertEqual(json.loads(self.succeed("verify", "tiny.db", "--trial", 0, "-f", "json"))["verdict"],
                         "identical")
        report = self.retrain("-o", "model")
        del report["training_seconds"]
        self.assertEqual(json.loads(self.succeed("evaluate", "model", "-f", "json")), report)
        self.assertEqual(len(next(iter(load_file(self.path("model")).values())).shape) > 0, True)
        idx_file(self.path("two"), np.zeros((2, 28, 28)))
        self.assertEqual(len(json.loads(self.succeed("predict", "model", "two", "-f", "json"))), 2)

    def test_without_a_best_trial_there_is_no_model(self):
        study = self.study("tiny")
        self.succeed("ask", study)
        self.assertIn("has no COMPLETE feasible trial yet", self.fail_with(1, "retrain", "tiny.db"))
        self.assertIn("trial 0 is RUNNING", self.fail_with(2, "retrain", "tiny.db", "--trial", 0))
        self.assertIn("has no trial 7", self.fail_with(2, "retrain", "tiny.db", "--trial", 7))
        theirs = optuna.create_study(study_name="theirs", storage=f"sqlite:///{self.path('theirs.db')}")
        theirs.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
        self.assertIn("keeps no study file", self.fail_with(1, "retrain", "theirs.db"))

    def test_several_objectives_need_the_trial_to_be_named(self):
        self.run_study(1, pruner=None, objectives=[{"metric": "validation_accuracy", "direction": "maximize"},
                                                   {"metric": "parameter_count", "direction": "minimize"}])
        self.assertIn("--trial", self.fail_with(2, "retrain", "tiny.db"))
        self.assertEqual(self.retrain("--trial", 0)["trial"], 0)

    def test_a_training_that_diverges_leaves_no_model(self):
        self.run_study(1, space={"lr": {"type": "float", "low": 1e5, "high": 1e6}},
                       fixed={"optimizer": "sgd", "depth": 1, "width": 8})
        self.assertIn("diverged", self.fail_with(1, "retrain", "tiny.db", "--trial", 0))
        self.assertEqual(self.names(), ["tiny.db", "tiny.json"])

    def test_ctrl_c_leaves_no_model(self):
        self.run_study(1, objective={"type": "fmnist", "epochs": 1})
        self.change_epochs(10000)
        before = self.digest("tiny.db")
        process = self.start("retrain", "tiny.db", "--trial", 0)
        self.assertIn("training the network of trial 0", process.stderr.readline())
        process.send_signal(signal.SIGINT)
        code, output, messages = self.finish(process)
        self.assertEqual((code, output), (130, ""))
        self.assertIn("no model is written", messages)
        self.assertEqual(self.names(), ["tiny.db", "tiny.json"])
        self.assertEqual(self.digest("tiny.db"), before)

    def change_epochs(self, epochs):
        (text,), = self.rows("select value_json from study_system_attributes where key = 'tune:study_file'",
                             db="tiny.db")
        file = json.loads(json.loads(text))
        file["objective"]["epochs"] = epochs
        connection = sqlite3.connect(self.path("tiny.db"))
        connection.execute("update study_system_attributes set value_json = ? where key = 'tune:study_file'",
                           (json.dumps(json.dumps(file)),))
        connection.commit()
        connection.close()

    def test_other_data_than_the_study_was_begun_with_is_refused(self):
        self.run_study(1)
        self.path("data").mkdir()
        for file in DATASET.glob("*.gz"):
            shutil.copyfile(file, self.path("data") / file.name)
        labels = bytearray(gzip.decompress((DATASET / "train-labels-idx1-ubyte.gz").read_bytes()))
        labels[8:10] = bytes([0, 0]) if labels[8:10] != bytes([0, 0]) else bytes([1, 1])
        self.path("data/train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels, 1))
        self.assertIn("the data is not what study", self.fail_with(2, "retrain", "tiny.db", "--data", "data"))

    def test_a_missing_test_set_is_told_before_the_training(self):
        self.run_study(1)
        self.path("data").mkdir()
        for file in DATASET.glob("train*.gz"):
            shutil.copyfile(file, self.path("data") / file.name)
        self.change_epochs(10000)
        self.assertIn("t10k-images-idx3-ubyte", self.fail_with(1, "retrain", "tiny.db", "--data", "data"))

    def test_images_of_another_size_are_refused(self):
        self.run_study(1)
        self.retrain("--trial", 0, "-o", "model")
        idx_file(self.path("small"), np.zeros((2, 14, 56)))
        message = self.fail_with(1, "predict", "model", "small")
        self.assertIn("expected images of 28 x 28 pixels, as the model was trained on, found 14 x 56", message)
        self.assertIn("IDX", self.fail_with(1, "predict", "model", "model"))
        self.assertIn("which images?", self.fail_with(2, "predict", "model"))
        self.assertIn("which model?", self.fail_with(2, "evaluate"))
        self.assertIn("--device", self.fail_with(2, "evaluate", "model", "--device", "cuda:99"))

    def test_a_damaged_model_is_named_with_what_is_wrong(self):
        self.run_study(1)
        self.retrain("--trial", 0, "-o", "model")
        whole = self.path("model").read_bytes()
        self.path("changed").write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        self.assertIn("changed: it is damaged: its checksum does not fit", self.fail_with(1, "evaluate", "changed"))
        self.path("short").write_bytes(whole[:-4])
        self.assertIn("short: tensor ", self.fail_with(1, "evaluate", "short"))
        self.assertIn("none: cannot be read", self.fail_with(1, "evaluate", "none"))
        save_file({"layer0.weight": np.zeros((2, 2), np.float32)}, self.path("theirs"))
        self.assertIn("theirs: its header has no metadata", self.fail_with(1, "evaluate", "theirs"))

    def test_a_model_with_other_metadata_is_no_way_in(self):
        self.run_study(1)
        self.retrain("--trial", 0, "-o", "model")
        params = json.loads(metadata_of(self.path("model"))["params"])
        settings = json.loads(metadata_of(self.path("model"))["settings"])
        for change, complaint in (
                ({"objective": "../../evil"}, "no part of this program"),
                ({"objective": ""}, "no part of this program"),
                ({"params": "[]"}, "parameters must be a JSON object"),
                ({"params": "{}"}, "has no value"),
                ({"params": json.dumps({**params, "depth": 8, "width": 8192})}, "tensor"),
                ({"params": json.dumps({**params, "width_l0": 10**15})}, "width_l0"),
                ({"params": json.dumps({**params, "family": "theirs"})}, "theirs"),
                ({"params": json.dumps({**params, "loss": "theirs"})}, "theirs"),
                ({"settings": json.dumps({**settings, "classes": 11})}, "tensor layer"),
                ({"settings": json.dumps({**settings, "classes": 10**9})}, "classes"),
                ({"settings": json.dumps({**settings, "module": "x"})}, "module"),
                ({"settings": json.dumps({**settings, "dataset": "../etc"})}, "name of a folder"),
                ({"image_shape": "[1,28]"}, "image_shape"),
                ({"image_shape": "[1,4294967296,4294967296]"}, "image_shape"),
                ({"image_shape": "[1,-28,-28]"}, "image_shape"),
                ({"image_shape": "[1,65536,65536]"}, "tensor layer0.weight"),
                ({"normalization": "{}"}, "scale"),
                ({"normalization": '{"scale":1e300,"shift":0}'}, "scale")):
            with self.subTest(change):
                name = with_metadata(self.path("model"), self.path("changed"), **change)
                message = self.run_program("evaluate", name)
                self.assertIn(message[0], (1, 2), message)
                self.assertIn(complaint, message[2])
        same = with_metadata(self.path("model"), self.path("changed"), study="another\x1b[0m")
        self.assertIn("another\\x1b[0m", self.succeed("evaluate", same))


if __name__ == "__main__":
    unittest.main()
