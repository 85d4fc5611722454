package io.trilho.client;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import org.tensorflow.framework.TensorProto;
import org.tensorflow.framework.TensorShapeProto;

/** Turns {@link Tensor}s into TensorFlow's messages and back. */
final class TensorProtos {
  private TensorProtos() {}

  /**
   * Writes a tensor. Numbers go into {@code tensor_content}, which servers copy in one piece.
   *
   * @return a message of the same type and shape
   */
  static TensorProto toProto(Tensor tensor) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (long dimension : tensor.shape()) {
      shape.addDimBuilder().setSize(dimension);
    }
    TensorProto.Builder proto =
        TensorProto.newBuilder().setDtype(tensor.type().dataType()).setTensorShape(shape);
    if (tensor.type() == ElementType.STRING) {
      return proto
          .addAllStringVal(Arrays.asList((ByteString[]) tensor.values(ElementType.STRING)))
          .build();
    }
    return proto.setTensorContent(content(tensor)).build();
  }

  private static ByteString content(Tensor tensor) {
    ByteBuffer buffer =
        ByteBuffer.wrap(new byte[Math.multiplyExact(tensor.size(), tensor.type().bytes())])
            .order(ByteOrder.LITTLE_ENDIAN);
    Object values = tensor.values(tensor.type());
    switch (tensor.type()) {
      case FLOAT:
        buffer.asFloatBuffer().put((float[]) values);
        break;
      case DOUBLE:
        buffer.asDoubleBuffer().put((double[]) values);
        break;
      case INT32:
        buffer.asIntBuffer().put((int[]) values);
        break;
      case INT64:
        buffer.asLongBuffer().put((long[]) values);
        break;
      case BOOL:
        for (boolean value : (boolean[]) values) {
          buffer.put((byte) (value ? 1 : 0));
        }
        break;
      default:
        throw new AssertionError(tensor.type());
    }
    return ByteString.copyFrom(buffer.array());
  }

  /**
   * Reads a tensor from {@code tensor_content} or, where that is empty, from the field of its type.
   * As TensorFlow does, repeats the last of too few values, and takes zeros where there is none.
   *
   * @throws IllegalArgumentException if the type is none of {@link ElementType}, the shape is
   *     unknown or too large, or there are more values, or fewer bytes, than the shape holds
   */
  static Tensor fromProto(TensorProto proto) {
    ElementType type = type(proto);
    long[] shape = shape(proto);
    int size = Tensor.elements(shape);
    ByteString content = proto.getTensorContent();
    Object values =
        type == ElementType.STRING || content.isEmpty()
            ? fromField(type, proto, shape, size)
            : fromContent(type, content, shape, size);
    return Tensor.owning(type, values, shape);
  }

  private static ElementType type(TensorProto proto) {
    for (ElementType type : ElementType.values()) {
      if (type.dataType().getNumber() == proto.getDtypeValue()) {
        return type;
      }
    }
    throw new IllegalArgumentException(
        "expected a tensor of "
            + Arrays.toString(ElementType.values())
            + ", found "
            + (proto.getDtype().name().equals("UNRECOGNIZED")
                ? "type number " + proto.getDtypeValue()
                : proto.getDtype()));
  }

  private static long[] shape(TensorProto proto) {
    if (proto.getTensorShape().getUnknownRank()) {
      throw new IllegalArgumentException("expected a tensor with a shape, found unknown rank");
    }
    return proto.getTensorShape().getDimList().stream().mapToLong(d -> d.getSize()).toArray();
  }

  private static Object fromContent(ElementType type, ByteString content, long[] shape, int size) {
    long expected = (long) size * type.bytes();
    if (content.size() != expected) {
      throw new IllegalArgumentException(
          type
              + Arrays.toString(shape)
              + " holds "
              + Tensor.counted(expected, "byte")
              + ", found "
              + content.size());
    }
    ByteBuffer buffer = content.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    switch (type) {
      case FLOAT:
        float[] floats = new float[size];
        buffer.asFloatBuffer().get(floats);
        return floats;
      case DOUBLE:
        double[] doubles = new double[size];
        buffer.asDoubleBuffer().get(doubles);
        return doubles;
      case INT32:
        int[] ints = new int[size];
        buffer.asIntBuffer().get(ints);
        return ints;
      case INT64:
        long[] longs = new long[size];
        buffer.asLongBuffer().get(longs);
        return longs;
      case BOOL:
        boolean[] booleans = new boolean[size];
        for (int i = 0; i < size; i++) {
          booleans[i] = buffer.get(i) != 0;
        }
        return booleans;
      default:
        throw new AssertionError(type);
    }
  }

  private static Object fromField(ElementType type, TensorProto proto, long[] shape, int size) {
    List<?> field = field(type, proto);
    int count = field.size();
    if (count > size) {
      throw new IllegalArgumentException(
          type
              + Arrays.toString(shape)
              + " holds "
              + Tensor.counted(size, "value")
              + ", found "
              + count);
    }
    // Only string tensors have no zero of their own: new arrays of numbers are zeros already.
    int last = count - 1;
    int filled = count == 0 ? 0 : size;
    switch (type) {
      case FLOAT:
        float[] floats = new float[size];
        for (int i = 0; i < filled; i++) {
          floats[i] = proto.getFloatVal(Math.min(i, last));
        }
        return floats;
      case DOUBLE:
        double[] doubles = new double[size];
        for (int i = 0; i < filled; i++) {
          doubles[i] = proto.getDoubleVal(Math.min(i, last));
        }
        return doubles;
      case INT32:
        int[] ints = new int[size];
        for (int i = 0; i < filled; i++) {
          ints[i] = proto.getIntVal(Math.min(i, last));
        }
        return ints;
      case INT64:
        long[] longs = new long[size];
        for (int i = 0; i < filled; i++) {
          longs[i] = proto.getInt64Val(Math.min(i, last));
        }
        return longs;
      case BOOL:
        boolean[] booleans = new boolean[size];
        for (int i = 0; i < filled; i++) {
          booleans[i] = proto.getBoolVal(Math.min(i, last));
        }
        return booleans;
      case STRING:
        ByteString[] strings = new ByteString[size];
        Arrays.setAll(
            strings, i -> count == 0 ? ByteString.EMPTY : proto.getStringVal(Math.min(i, last)));
        return strings;
      default:
        throw new AssertionError(type);
    }
  }

  private static List<?> field(ElementType type, TensorProto proto) {
    switch (type) {
      case FLOAT:
        return proto.getFloatValList();
      case DOUBLE:
        return proto.getDoubleValList();
      case INT32:
        return proto.getIntValList();
      case INT64:
        return proto.getInt64ValList();
      case BOOL:
        return proto.getBoolValList();
      case STRING:
        return proto.getStringValList();
      default:
        throw new AssertionError(type);
    }
  }
}
