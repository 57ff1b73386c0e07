"""Softmax regression on small pictures of Fashion-MNIST, with nothing but Python: what a trial of command.json runs.

It is told its parameters by arguments, and says on its standard output, a line of JSON each, the accuracy on the validation
examples after every epoch and at the end. All other lines only go to the trial's log.
"""

import argparse
import gzip
import json
import math
import os
import pathlib
import random

DATA = pathlib.Path("/usr/share/datasets/fashion-mnist")
SIDE, CLASSES, TRAINING, VALIDATION = 7, 10, 1500, 500


def read_examples():
    """The first examples: (features, label), each feature the mean of 4 x 4 pixels."""
    count = TRAINING + VALIDATION
    with gzip.open(DATA / "train-images-idx3-ubyte.gz") as images, gzip.open(DATA / "train-labels-idx1-ubyte.gz") as labels:
        images.read(16)
        labels.read(8)
        return [(shrunk(images.read(28 * 28)), label) for label in labels.read(count)]


def shrunk(pixels):
    step = 28 // SIDE
    rows = [pixels[28 * y : 28 * y + 28] for y in range(28)]
    return [
        sum(sum(row[x : x + step]) for row in rows[y : y + step]) / (255 * step * step)
        for y in range(0, 28, step)
        for x in range(0, 28, step)
    ] + [1.0]


def probabilities(weights, features):
    scores = [sum(map(float.__mul__, row, features)) for row in weights]
    highest = max(scores)
    powers = [math.exp(score - highest) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


def train_epoch(weights, velocity, examples, options):
    random.shuffle(examples)
    for begin in range(0, len(examples), options.batch_size):
        batch = examples[begin : begin + options.batch_size]
        gradient = [[0.0] * len(row) for row in weights]
        for features, label in batch:
            for k, probability in enumerate(probabilities(weights, features)):
                error = (probability - (k == label)) / len(batch)
                gradient[k] = [sum_ + error * feature for sum_, feature in zip(gradient[k], features)]
        for k in range(CLASSES):
            velocity[k] = [options.momentum * v + g for v, g in zip(velocity[k], gradient[k])]
            weights[k] = [w - options.lr * v for w, v in zip(weights[k], velocity[k])]


def accuracy(weights, examples):
    def guess(features):
        chances = probabilities(weights, features)
        return chances.index(max(chances))

    return sum(guess(features) == label for features, label in examples) / len(examples)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lr", type=float, required=True)
    parser.add_argument("--momentum", type=float, default=0.0)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=6)
    options = parser.parse_args()
    random.seed(int(os.environ.get("TUNE_SEED", "0")))  # The same trial, run again, is the same.
    examples = read_examples()
    training, validation = examples[:TRAINING], examples[TRAINING:]
    weights = [[0.0] * len(training[0][0]) for _ in range(CLASSES)]
    velocity = [list(row) for row in weights]
    best = 0.0
    for epoch in range(1, options.epochs + 1):
        train_epoch(weights, velocity, training, options)
        value = accuracy(weights, validation)
        best = max(best, value)
        print(json.dumps({"step": epoch, "value": value}), flush=True)
    print(json.dumps({"value": value, "user_attrs": {"best_epoch_accuracy": best}}))


if __name__ == "__main__":
    main()
