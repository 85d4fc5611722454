package io.trilho.examples;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Handwritten digits and what they are, read from IDX files. Not to be changed. */
final class MnistImages {
  static final int PIXELS = 28 * 28;
  static final String IMAGES_FILE = "t10k-images-idx3-ubyte";
  static final String LABELS_FILE = "t10k-labels-idx1-ubyte";

  private static final int IMAGES_MAGIC = 0x803;
  private static final int LABELS_MAGIC = 0x801;

  private final List<float[]> images;
  private final byte[] labels;

  private MnistImages(List<float[]> images, byte[] labels) {
    this.images = images;
    this.labels = labels;
  }

  /**
   * Reads the first images of the test set.
   *
   * @param most how many at most
   * @throws IOException if a file cannot be read or is not what its name says
   */
  static MnistImages read(Path directory, int most) throws IOException {
    Path imagesFile = directory.resolve(IMAGES_FILE);
    Path labelsFile = directory.resolve(LABELS_FILE);
    List<float[]> images = new ArrayList<>();
    try (DataInputStream in = open(imagesFile)) {
      expect(imagesFile, "the magic number", IMAGES_MAGIC, in.readInt());
      int count = Math.min(most, in.readInt());
      expect(imagesFile, "the height", 28, in.readInt());
      expect(imagesFile, "the width", 28, in.readInt());
      byte[] grey = new byte[PIXELS];
      for (int i = 0; i < count; i++) {
        in.readFully(grey);
        float[] image = new float[PIXELS];
        for (int p = 0; p < PIXELS; p++) {
          image[p] = (grey[p] & 0xff) / 255f;
        }
        images.add(image);
      }
    }
    byte[] labels = new byte[images.size()];
    try (DataInputStream in = open(labelsFile)) {
      expect(labelsFile, "the magic number", LABELS_MAGIC, in.readInt());
      in.readInt();
      in.readFully(labels);
    }
    if (images.isEmpty()) {
      throw new IOException(imagesFile + ": no images");
    }
    return new MnistImages(images, labels);
  }

  private static DataInputStream open(Path file) throws IOException {
    return new DataInputStream(new BufferedInputStream(Files.newInputStream(file)));
  }

  private static void expect(Path file, String what, int expected, int found) throws IOException {
    if (expected != found) {
      throw new IOException(file + ": " + what + " must be " + expected + ", found " + found);
    }
  }

  int size() {
    return images.size();
  }

  /** Returns the grey values of an image, each within [0, 1], row by row. */
  float[] image(int index) {
    return images.get(index);
  }

  /** Returns the digit that an image shows. */
  int label(int index) {
    return labels[index];
  }
}
