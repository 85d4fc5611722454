// A walk over an Example, against what protobuf itself makes of the same bytes.

#include "cpp_server/services/examples/example_check.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/stubs/logging.h"
#include "gtest/gtest.h"
#include "tensorflow/core/example/example.pb.h"

namespace trilho {
namespace {

using tensorflow::Example;

// Its complaints about what is no UTF-8.
class ExampleCheckTest : public ::testing::Test {
  google::protobuf::LogSilencer silence_;
};

bool Parses(const std::string& bytes) { return Example().ParseFromString(bytes); }

std::string Field(int number, const std::string& bytes) {
  return absl::StrCat(std::string(1, static_cast<char>(number << 3 | 2)),
                      std::string(1, static_cast<char>(bytes.size())), bytes);
}

// An Example of one feature.
std::string WithFeature(const std::string& name, const std::string& feature) {
  return Field(1, Field(1, Field(1, name) + Field(2, feature)));
}

Example OfEveryKind() {
  Example example;
  auto& features = *example.mutable_features()->mutable_feature();
  features["x"].mutable_float_list()->add_value(0.5f);
  features["x"].mutable_float_list()->add_value(-1);
  features
      ["gr\xc3\xb6\xc3\x9f"
       "e"]
          .mutable_int64_list()
          ->add_value(-1);
  features
      ["gr\xc3\xb6\xc3\x9f"
       "e"]
          .mutable_int64_list()
          ->add_value(300);
  features["image"].mutable_bytes_list()->add_value(std::string("\xff\xd8\0", 3));
  features["none"];
  return example;
}

TEST_F(ExampleCheckTest, TakesWhatProtobufWrites) {
  EXPECT_EQ(CheckExample(""), absl::OkStatus());
  EXPECT_EQ(CheckExample(OfEveryKind().SerializeAsString()), absl::OkStatus());
  // Merged, as a context and an example are.
  const std::string twice = OfEveryKind().SerializeAsString() + OfEveryKind().SerializeAsString();
  EXPECT_EQ(CheckExample(twice), absl::OkStatus());
}

TEST_F(ExampleCheckTest, RefusesWhatIsCutOff) {
  const std::string whole = OfEveryKind().SerializeAsString();
  for (size_t size = 1; size < whole.size(); ++size) {
    EXPECT_FALSE(Parses(whole.substr(0, size)));
    EXPECT_EQ(CheckExample(whole.substr(0, size)),
              absl::InvalidArgumentError("is not a tensorflow.Example: it is cut off or malformed"))
        << size;
  }
}

TEST_F(ExampleCheckTest, RefusesANameThatIsNotUtf8ButNoValue) {
  EXPECT_EQ(CheckExample(WithFeature("a\xff", "")),
            absl::InvalidArgumentError("has a feature whose name is not UTF-8: \"a\xef\xbf\xbd\""));
  EXPECT_FALSE(Parses(WithFeature("a\xff", "")));
  EXPECT_EQ(CheckExample(WithFeature("a", Field(1, Field(1, "\xff")))), absl::OkStatus());
}

TEST_F(ExampleCheckTest, AgreesWithProtobufOnFormsThatItDoesNotWrite) {
  const std::string one_float("\x0d\0\0\x80\x3f", 5), one_int("\x08\xac\x02", 3);
  const std::vector<std::string> examples = {
      WithFeature("a", Field(2, one_float)),                    // one by one
      WithFeature("a", Field(2, one_float + one_float)),        //
      WithFeature("a", Field(2, Field(1, "1234"))),             // in one piece
      WithFeature("a", Field(2, Field(1, "12345"))),            // no whole number of floats
      WithFeature("a", Field(2, one_int)),                      // an unknown field
      WithFeature("a", Field(3, one_int + Field(1, one_int))),  //
      WithFeature("a", Field(3, Field(1, "\xac"))),             // half of an integer
      WithFeature("a", Field(3, Field(1, std::string(11, '\xff')))),
      WithFeature("a", Field(3, one_float)),                  // an unknown field
      WithFeature("a", Field(1, "\x0a\x02x")),                // cut off
      WithFeature("a", Field(4, "\xff\xff")),                 // an unknown field of any bytes
      WithFeature("a", "\x08\x01"),                           // a list that is a number
      Field(1, Field(1, "")),                                 // neither name nor value
      Field(1, Field(1, Field(2, "") + Field(1, "a"))),       // in the other order
      Field(1, Field(1, Field(1, "a") + Field(1, "b"))),      // two names
      Field(1, Field(1, Field(1, "a\xff") + Field(1, "b"))),  // the first of them bad
      Field(1, Field(1, "\x08\x01")),                         // a name that is a number
      Field(1, "\x08\x01"),                                   // a feature that is a number
      "\x08\x01",                                             // features that are a number
      std::string("\0", 1),                                   // field 0
      "\x0c",                                                 // the end of a group
  };
  for (const std::string& example : examples) {
    EXPECT_EQ(CheckExample(example).ok(), Parses(example)) << testing::PrintToString(example);
  }
}

// Nothing here uses them.
TEST_F(ExampleCheckTest, RefusesGroupsAltogether) { EXPECT_FALSE(CheckExample("\x0b\x0c").ok()); }

// Each byte of a good one changed to each value.
TEST_F(ExampleCheckTest, TakesNothingThatProtobufRefuses) {
  const std::string good = OfEveryKind().SerializeAsString();
  for (size_t i = 0; i < good.size(); ++i) {
    for (int value = 0; value < 256; ++value) {
      std::string changed = good;
      changed[i] = static_cast<char>(value);
      EXPECT_TRUE(!CheckExample(changed).ok() || Parses(changed)) << i << " " << value;
    }
  }
}

}  // namespace
}  // namespace trilho
