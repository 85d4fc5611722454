package io.trilho.client;

import org.tensorflow.framework.DataType;

/** What a {@link Tensor} is made of. TensorFlow has more types; these are the ones read here. */
public enum ElementType {
  /** 32-bit floating point, {@code float}. */
  FLOAT(DataType.DT_FLOAT, 4),
  /** 64-bit floating point, {@code double}. */
  DOUBLE(DataType.DT_DOUBLE, 8),
  /** 32-bit signed integer, {@code int}. */
  INT32(DataType.DT_INT32, 4),
  /** 64-bit signed integer, {@code long}. */
  INT64(DataType.DT_INT64, 8),
  /** Truth value, {@code boolean}. */
  BOOL(DataType.DT_BOOL, 1),
  /** Bytes of any length: text in UTF-8, a picture, a serialized {@code tf.Example}. */
  STRING(DataType.DT_STRING, 0);

  private final DataType dataType;
  private final int bytes;

  ElementType(DataType dataType, int bytes) {
    this.dataType = dataType;
    this.bytes = bytes;
  }

  DataType dataType() {
    return dataType;
  }

  /** The size of an element within {@code tensor_content}, where strings do not occur. */
  int bytes() {
    return bytes;
  }
}
