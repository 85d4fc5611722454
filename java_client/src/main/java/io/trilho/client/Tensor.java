package io.trilho.client;

import com.google.protobuf.ByteString;
import java.lang.reflect.Array;
import java.util.Arrays;

/**
 * An immutable array of one element type and a shape, its values row by row (the last dimension
 * varies fastest).
 *
 * <p>The factories and accessors copy, so neither side can change a tensor. An accessor of another
 * type than {@link #type} throws {@link IllegalStateException}: nothing is converted silently.
 */
public final class Tensor {
  private final ElementType type;
  private final long[] shape;

  /** A {@code float[]}, {@code double[]}, {@code int[]}, ..., or {@code ByteString[]}. */
  private final Object values;

  private Tensor(ElementType type, Object values, long[] shape) {
    long expected = elements(shape);
    int found = Array.getLength(values);
    if (expected != found) {
      throw new IllegalArgumentException(
          type
              + " tensor of shape "
              + Arrays.toString(shape)
              + " holds "
              + counted(expected, "value")
              + ", found "
              + found);
    }
    this.type = type;
    this.values = values;
    this.shape = shape;
  }

  /** Returns "1 value" or "2 values" of "value". */
  static String counted(long count, String noun) {
    return count + " " + noun + (count == 1 ? "" : "s");
  }

  /** Makes a tensor that owns the arrays: for arrays that nobody else has. */
  static Tensor owning(ElementType type, Object values, long[] shape) {
    return new Tensor(type, values, shape);
  }

  /**
   * Returns how many elements a shape has.
   *
   * @throws IllegalArgumentException if a dimension is negative or the product does not fit an
   *     array
   */
  static int elements(long[] shape) {
    long product = 1;
    boolean empty = false;
    for (long dimension : shape) {
      if (dimension < 0) {
        throw new IllegalArgumentException(
            "dimensions must be 0 or more, found " + Arrays.toString(shape));
      }
      empty |= dimension == 0;
      if (dimension != 0 && !empty && product > Integer.MAX_VALUE / dimension) {
        throw new IllegalArgumentException(
            "a tensor holds at most 2^31 - 1 values, found shape " + Arrays.toString(shape));
      }
      product *= empty ? 0 : dimension;
    }
    return (int) product;
  }

  /**
   * Makes a FLOAT tensor.
   *
   * @param values the elements, row by row
   * @param shape its dimensions; none for a scalar
   * @return the tensor
   * @throws IllegalArgumentException if the shape does not hold that many values
   */
  public static Tensor of(float[] values, long... shape) {
    return new Tensor(ElementType.FLOAT, values.clone(), shape.clone());
  }

  /**
   * Makes a DOUBLE tensor.
   *
   * @param values the elements, row by row
   * @param shape its dimensions; none for a scalar
   * @return the tensor
   * @throws IllegalArgumentException if the shape does not hold that many values
   */
  public static Tensor of(double[] values, long... shape) {
    return new Tensor(ElementType.DOUBLE, values.clone(), shape.clone());
  }

  /**
   * Makes an INT32 tensor.
   *
   * @param values the elements, row by row
   * @param shape its dimensions; none for a scalar
   * @return the tensor
   * @throws IllegalArgumentException if the shape does not hold that many values
   */
  public static Tensor of(int[] values, long... shape) {
    return new Tensor(ElementType.INT32, values.clone(), shape.clone());
  }

  /**
   * Makes an INT64 tensor.
   *
   * @param values the elements, row by row
   * @param shape its dimensions; none for a scalar
   * @return the tensor
   * @throws IllegalArgumentException if the shape does not hold that many values
   */
  public static Tensor of(long[] values, long... shape) {
    return new Tensor(ElementType.INT64, values.clone(), shape.clone());
  }

  /**
   * Makes a BOOL tensor.
   *
   * @param values the elements, row by row
   * @param shape its dimensions; none for a scalar
   * @return the tensor
   * @throws IllegalArgumentException if the shape does not hold that many values
   */
  public static Tensor of(boolean[] values, long... shape) {
    return new Tensor(ElementType.BOOL, values.clone(), shape.clone());
  }

  /**
   * Makes a STRING tensor of texts, in UTF-8.
   *
   * @param values the elements, row by row
   * @param shape its dimensions; none for a scalar
   * @return the tensor
   * @throws IllegalArgumentException if the shape does not hold that many values
   */
  public static Tensor of(String[] values, long... shape) {
    ByteString[] bytes = new ByteString[values.length];
    Arrays.setAll(bytes, i -> ByteString.copyFromUtf8(values[i]));
    return new Tensor(ElementType.STRING, bytes, shape.clone());
  }

  /**
   * Makes a STRING tensor of bytes that need not be text, such as pictures.
   *
   * @param values the elements, row by row
   * @param shape its dimensions; none for a scalar
   * @return the tensor
   * @throws IllegalArgumentException if the shape does not hold that many values
   */
  public static Tensor of(byte[][] values, long... shape) {
    ByteString[] bytes = new ByteString[values.length];
    Arrays.setAll(bytes, i -> ByteString.copyFrom(values[i]));
    return new Tensor(ElementType.STRING, bytes, shape.clone());
  }

  /**
   * Returns what the tensor is made of.
   *
   * @return the element type
   */
  public ElementType type() {
    return type;
  }

  /**
   * Returns the dimensions.
   *
   * @return a copy; empty for a scalar
   */
  public long[] shape() {
    return shape.clone();
  }

  /**
   * Returns the number of elements.
   *
   * @return the product of the dimensions
   */
  public int size() {
    return Array.getLength(values);
  }

  /**
   * Returns the elements of a FLOAT tensor.
   *
   * @return a copy, row by row
   * @throws IllegalStateException if the tensor is of another type
   */
  public float[] floats() {
    return ((float[]) values(ElementType.FLOAT)).clone();
  }

  /**
   * Returns the elements of a DOUBLE tensor.
   *
   * @return a copy, row by row
   * @throws IllegalStateException if the tensor is of another type
   */
  public double[] doubles() {
    return ((double[]) values(ElementType.DOUBLE)).clone();
  }

  /**
   * Returns the elements of an INT32 tensor.
   *
   * @return a copy, row by row
   * @throws IllegalStateException if the tensor is of another type
   */
  public int[] ints() {
    return ((int[]) values(ElementType.INT32)).clone();
  }

  /**
   * Returns the elements of an INT64 tensor.
   *
   * @return a copy, row by row
   * @throws IllegalStateException if the tensor is of another type
   */
  public long[] longs() {
    return ((long[]) values(ElementType.INT64)).clone();
  }

  /**
   * Returns the elements of a BOOL tensor.
   *
   * @return a copy, row by row
   * @throws IllegalStateException if the tensor is of another type
   */
  public boolean[] booleans() {
    return ((boolean[]) values(ElementType.BOOL)).clone();
  }

  /**
   * Returns the elements of a STRING tensor as text. Bytes that are no UTF-8 become U+FFFD.
   *
   * @return a copy, row by row
   * @throws IllegalStateException if the tensor is of another type
   */
  public String[] strings() {
    return Arrays.stream((ByteString[]) values(ElementType.STRING))
        .map(ByteString::toStringUtf8)
        .toArray(String[]::new);
  }

  /**
   * Returns the elements of a STRING tensor as they are.
   *
   * @return a copy, row by row
   * @throws IllegalStateException if the tensor is of another type
   */
  public byte[][] bytes() {
    return Arrays.stream((ByteString[]) values(ElementType.STRING))
        .map(ByteString::toByteArray)
        .toArray(byte[][]::new);
  }

  /** Returns the elements themselves, not to be changed. */
  Object values(ElementType wanted) {
    if (wanted != type) {
      throw new IllegalStateException("expected a " + wanted + " tensor, found " + this);
    }
    return values;
  }

  /** Says type and shape, not the values: {@code FLOAT[1, 784]}. */
  @Override
  public String toString() {
    return type + Arrays.toString(shape);
  }
}
