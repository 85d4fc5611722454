package io.trilho.client;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import com.google.protobuf.ByteString;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.junit.runners.JUnit4;
import org.tensorflow.framework.DataType;
import org.tensorflow.framework.TensorProto;
import org.tensorflow.framework.TensorShapeProto;

@RunWith(JUnit4.class)
public final class TensorProtosTest {
  private static Tensor roundTrip(Tensor tensor) throws Exception {
    Tensor back =
        TensorProtos.fromProto(TensorProto.parseFrom(TensorProtos.toProto(tensor).toByteString()));
    assertEquals(tensor.type(), back.type());
    assertArrayEquals(tensor.shape(), back.shape());
    return back;
  }

  private static TensorProto.Builder proto(DataType type, long... shape) {
    TensorShapeProto.Builder dims = TensorShapeProto.newBuilder();
    for (long dimension : shape) {
      dims.addDimBuilder().setSize(dimension);
    }
    return TensorProto.newBuilder().setDtype(type).setTensorShape(dims);
  }

  private static void assertRefused(TensorProto.Builder proto, String message) {
    IllegalArgumentException error =
        assertThrows(IllegalArgumentException.class, () -> TensorProtos.fromProto(proto.build()));
    assertTrue(error.getMessage(), error.getMessage().contains(message));
  }

  @Test
  public void everyTypeComesBack() throws Exception {
    float[] floats = {0f, -0f, 1.5f, Float.MIN_VALUE, Float.NEGATIVE_INFINITY, Float.NaN};
    assertArrayEquals(floats, roundTrip(Tensor.of(floats, 2, 3)).floats(), 0);
    double[] doubles = {Math.PI, -0d, Double.MAX_VALUE, Double.NaN};
    assertArrayEquals(doubles, roundTrip(Tensor.of(doubles, 4, 1)).doubles(), 0);
    int[] ints = {0, -1, Integer.MIN_VALUE, Integer.MAX_VALUE};
    assertArrayEquals(ints, roundTrip(Tensor.of(ints, 4)).ints());
    long[] longs = {0, -1, Long.MIN_VALUE, Long.MAX_VALUE};
    assertArrayEquals(longs, roundTrip(Tensor.of(longs, 1, 2, 2)).longs());
    boolean[] booleans = {true, false, true};
    assertArrayEquals(booleans, roundTrip(Tensor.of(booleans, 3)).booleans());
    String[] strings = {"", "São Paulo", "\0"};
    assertArrayEquals(strings, roundTrip(Tensor.of(strings, 3)).strings());
    byte[][] bytes = {{}, {(byte) 0xff, 0, (byte) 0xfe}};
    assertArrayEquals(bytes, roundTrip(Tensor.of(bytes, 2)).bytes());
  }

  @Test
  public void scalarsAndEmptyTensorsComeBack() throws Exception {
    assertArrayEquals(new float[] {7}, roundTrip(Tensor.of(new float[] {7})).floats(), 0);
    assertArrayEquals(new long[0], roundTrip(Tensor.of(new long[0], 0, 5)).longs());
    assertArrayEquals(new String[0], roundTrip(Tensor.of(new String[0], 0)).strings());
  }

  @Test
  public void numbersAreWrittenAsLittleEndianContent() {
    TensorProto proto = TensorProtos.toProto(Tensor.of(new int[] {1, 256}, 2));
    assertEquals(DataType.DT_INT32, proto.getDtype());
    assertEquals(2, proto.getTensorShape().getDim(0).getSize());
    assertEquals(
        ByteString.copyFrom(new byte[] {1, 0, 0, 0, 0, 1, 0, 0}), proto.getTensorContent());
  }

  @Test
  public void typedFieldsAreRead() {
    assertArrayEquals(
        new float[] {1, 2},
        TensorProtos.fromProto(proto(DataType.DT_FLOAT, 2).addFloatVal(1).addFloatVal(2).build())
            .floats(),
        0);
    assertArrayEquals(
        new double[] {1, 2},
        TensorProtos.fromProto(proto(DataType.DT_DOUBLE, 2).addDoubleVal(1).addDoubleVal(2).build())
            .doubles(),
        0);
    assertArrayEquals(
        new int[] {1, 2},
        TensorProtos.fromProto(proto(DataType.DT_INT32, 2).addIntVal(1).addIntVal(2).build())
            .ints());
    assertArrayEquals(
        new long[] {1, 2},
        TensorProtos.fromProto(proto(DataType.DT_INT64, 2).addInt64Val(1).addInt64Val(2).build())
            .longs());
    assertArrayEquals(
        new boolean[] {true, false},
        TensorProtos.fromProto(
                proto(DataType.DT_BOOL, 2).addBoolVal(true).addBoolVal(false).build())
            .booleans());
  }

  @Test
  public void lastOfTooFewValuesIsRepeated() {
    assertArrayEquals(
        new float[] {1, 2, 2, 2},
        TensorProtos.fromProto(proto(DataType.DT_FLOAT, 2, 2).addFloatVal(1).addFloatVal(2).build())
            .floats(),
        0);
    assertArrayEquals(
        new String[] {"a", "a"},
        TensorProtos.fromProto(
                proto(DataType.DT_STRING, 2).addStringVal(ByteString.copyFromUtf8("a")).build())
            .strings());
    assertArrayEquals(
        new int[] {0, 0}, TensorProtos.fromProto(proto(DataType.DT_INT32, 2).build()).ints());
    assertArrayEquals(
        new String[] {""}, TensorProtos.fromProto(proto(DataType.DT_STRING, 1).build()).strings());
  }

  @Test
  public void messagesThatDoNotFitAreRefused() {
    assertRefused(proto(DataType.DT_HALF, 1), "found DT_HALF");
    assertRefused(proto(DataType.DT_FLOAT, 1).setDtypeValue(999), "found type number 999");
    assertRefused(
        proto(DataType.DT_FLOAT, 1).addFloatVal(1).addFloatVal(2),
        "FLOAT[1] holds 1 value, found 2");
    assertRefused(
        proto(DataType.DT_INT64, 2).setTensorContent(ByteString.copyFrom(new byte[15])),
        "INT64[2] holds 16 bytes, found 15");
    assertRefused(
        proto(DataType.DT_BOOL, 1).setTensorContent(ByteString.copyFrom(new byte[2])),
        "BOOL[1] holds 1 byte, found 2");
    assertRefused(proto(DataType.DT_FLOAT, -1), "0 or more, found [-1]");
    assertRefused(proto(DataType.DT_FLOAT, 1L << 31), "at most 2^31 - 1 values");
    assertRefused(proto(DataType.DT_FLOAT, 1L << 32, 1L << 32), "at most 2^31 - 1 values");
    assertRefused(
        TensorProto.newBuilder()
            .setDtype(DataType.DT_FLOAT)
            .setTensorShape(TensorShapeProto.newBuilder().setUnknownRank(true)),
        "unknown rank");
  }

  @Test
  public void tensorsThatDoNotFitTheirShapeAreRefused() {
    IllegalArgumentException error =
        assertThrows(IllegalArgumentException.class, () -> Tensor.of(new float[10], 1, 784));
    assertEquals("FLOAT tensor of shape [1, 784] holds 784 values, found 10", error.getMessage());
    assertThrows(IllegalArgumentException.class, () -> Tensor.of(new long[2]));
  }

  @Test
  public void otherTypesAreNotConverted() {
    IllegalStateException error =
        assertThrows(IllegalStateException.class, () -> Tensor.of(new long[6], 2, 3).floats());
    assertEquals("expected a FLOAT tensor, found INT64[2, 3]", error.getMessage());
  }

  @Test
  public void nobodyCanChangeATensor() {
    float[] values = {1};
    long[] shape = {1};
    Tensor tensor = Tensor.of(values, shape);
    values[0] = 2;
    shape[0] = 2;
    tensor.floats()[0] = 2;
    tensor.shape()[0] = 2;
    assertArrayEquals(new float[] {1}, tensor.floats(), 0);
    assertArrayEquals(new long[] {1}, tensor.shape());
  }
}
