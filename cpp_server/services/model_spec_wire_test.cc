#include "cpp_server/services/model_spec_wire.h"

#include <limits>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "tensorflow_serving/apis/model.pb.h"

namespace trilho {
namespace {

using SpecProto = tensorflow::serving::ModelSpec;

SpecProto Proto(const std::string& name, const std::string& signature) {
  SpecProto proto;
  proto.set_name(name);
  proto.set_signature_name(signature);
  return proto;
}

TEST(ModelSpecWireTest, ReadsWhatProtobufWrites) {
  SpecProto proto = Proto("mnist", "upper");
  for (int64_t version : {int64_t{0}, int64_t{7}, int64_t{-1}, std::numeric_limits<int64_t>::max()}) {
    proto.mutable_version()->set_value(version);
    const std::string bytes = proto.SerializeAsString();
    ModelSpec spec;
    ASSERT_TRUE(ReadModelSpec(bytes, &spec));
    EXPECT_EQ(spec.name, "mnist");
    EXPECT_EQ(spec.signature_name, "upper");
    ASSERT_TRUE(spec.version.has_value()) << "also if it is 0, which is not written";
    EXPECT_EQ(*spec.version, version);
    EXPECT_EQ(spec.version_label, "");
  }
}

TEST(ModelSpecWireTest, AnAbsentVersionIsNotVersionZero) {
  const std::string bytes = Proto("mnist", "").SerializeAsString();
  ModelSpec spec;
  ASSERT_TRUE(ReadModelSpec(bytes, &spec));
  EXPECT_FALSE(spec.version.has_value());
}

TEST(ModelSpecWireTest, OfVersionAndLabelTheLastOneCounts) {
  SpecProto version, label;
  version.mutable_version()->set_value(3);
  label.set_version_label("stable");
  const std::string label_last = version.SerializeAsString() + label.SerializeAsString();
  ModelSpec spec;
  ASSERT_TRUE(ReadModelSpec(label_last, &spec));
  EXPECT_FALSE(spec.version.has_value());
  EXPECT_EQ(spec.version_label, "stable");
  const std::string version_last = label.SerializeAsString() + version.SerializeAsString();
  ModelSpec other;
  ASSERT_TRUE(ReadModelSpec(version_last, &other));
  EXPECT_EQ(other.version.value_or(0), 3);
  EXPECT_EQ(other.version_label, "");
}

TEST(ModelSpecWireTest, ACutMessageIsMalformedWhereProtobufSaysSo) {
  SpecProto proto = Proto("mnist", "upper");
  proto.mutable_version()->set_value(300);
  const std::string whole = proto.SerializeAsString();
  for (size_t size = 0; size <= whole.size(); ++size) {
    ModelSpec spec;
    SpecProto parsed;
    const std::string cut = whole.substr(0, size);
    EXPECT_EQ(ReadModelSpec(cut, &spec), parsed.ParseFromString(cut)) << "cut at byte " << size;
  }
}

TEST(ModelSpecWireTest, ProtobufReadsWhatIsWritten) {
  for (int64_t version : {int64_t{0}, int64_t{1}, int64_t{1000000}, int64_t{-1}}) {
    ModelSpec spec;
    spec.name = "mnist";
    spec.version = version;
    spec.signature_name = "serving_default";
    WireWriter writer;
    WriteModelSpec(spec, &writer);
    EXPECT_EQ(ModelSpecSize(spec), writer.size());
    SpecProto proto;
    ASSERT_TRUE(proto.ParseFromString(std::move(writer).Release()));
    EXPECT_EQ(proto.name(), "mnist");
    EXPECT_TRUE(proto.has_version());
    EXPECT_EQ(proto.version().value(), version);
    EXPECT_EQ(proto.signature_name(), "serving_default");
  }
}

}  // namespace
}  // namespace trilho
