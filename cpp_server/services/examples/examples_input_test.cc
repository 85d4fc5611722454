// tensorflow.serving.Input to a tensor of serialized examples, against what
// protobuf itself makes of the same bytes.

#include "cpp_server/services/examples/examples_input.h"

#include <string>
#include <vector>

#include "cpp_server/services/examples/census_like.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tensorflow_serving/apis/input.pb.h"

namespace trilho {
namespace {

using tensorflow::Example;
using tensorflow::serving::Input;
using ::testing::ElementsAre;

std::vector<std::string> Strings(const absl::StatusOr<Tensor>& tensor) {
  EXPECT_TRUE(tensor.ok()) << tensor.status();
  std::vector<std::string> strings;
  if (!tensor.ok()) return strings;
  EXPECT_EQ(tensor->type(), TF_STRING);
  EXPECT_EQ(tensor->rank(), 1);
  for (int64_t i = 0; i < tensor->num_elements(); ++i) strings.emplace_back(tensor->string(i));
  return strings;
}

std::vector<std::string> Read(const std::string& bytes) {
  ExamplesInput input;
  EXPECT_EQ(input.Merge(bytes), absl::OkStatus());
  auto strings = Strings(input.ToTensor());
  EXPECT_EQ(input.size(), static_cast<int64_t>(strings.size()));
  return strings;
}

Example* Add(Input* input) { return input->mutable_example_list()->add_examples(); }
Example* AddWithContext(Input* input) { return input->mutable_example_list_with_context()->add_examples(); }

TEST(ExamplesInputTest, TakesExamplesAsTheyAre) {
  Input input;
  *Add(&input) = XExample(1);
  Add(&input);
  *Add(&input) = NameExample(std::string(100000, 'n'));
  EXPECT_THAT(Read(input.SerializeAsString()), ElementsAre(XExample(1).SerializeAsString(), "",
                                                           NameExample(std::string(100000, 'n')).SerializeAsString()));
}

TEST(ExamplesInputTest, PutsTheContextBeforeEachExample) {
  Input input;
  *AddWithContext(&input) = XExample(1);
  AddWithContext(&input);
  *input.mutable_example_list_with_context()->mutable_context() = NameExample("context");
  const std::string context = NameExample("context").SerializeAsString();
  EXPECT_THAT(Read(input.SerializeAsString()), ElementsAre(context + XExample(1).SerializeAsString(), context));
}

TEST(ExamplesInputTest, NoContextIsAnEmptyOne) {
  Input input;
  *AddWithContext(&input) = XExample(1);
  EXPECT_THAT(Read(input.SerializeAsString()), ElementsAre(XExample(1).SerializeAsString()));
}

TEST(ExamplesInputTest, TakesAListThatIsAlreadyRead) {
  EXPECT_THAT(Strings(ExamplesInput({"a", "", "b"}).ToTensor()), ElementsAre("a", "", "b"));
  EXPECT_THAT(Strings(ExamplesInput({"a", "", "b"}, "c").ToTensor()), ElementsAre("ca", "c", "cb"));
}

TEST(ExamplesInputTest, IsEmptyWithoutExamples) {
  Input with_list, with_context;
  with_list.mutable_example_list();
  *with_context.mutable_example_list_with_context()->mutable_context() = XExample(1);
  for (const Input& empty : {Input(), with_list, with_context}) {
    ExamplesInput input;
    EXPECT_EQ(input.Merge(empty.SerializeAsString()), absl::OkStatus());
    EXPECT_EQ(input.size(), 0);
    EXPECT_EQ(input.ToTensor().status(), absl::InvalidArgumentError("Input is empty."));
  }
  EXPECT_EQ(ExamplesInput().ToTensor().status(), absl::InvalidArgumentError("Input is empty."));
  EXPECT_EQ(ExamplesInput({}, "c").ToTensor().status(), absl::InvalidArgumentError("Input is empty."));
}

// Protobuf's rules, of which the last message is the result.
TEST(ExamplesInputTest, ListsOfOneKindAreJoinedAndOneOfTheOtherKindReplacesThem) {
  Input list, with_context, other_context;
  *Add(&list) = XExample(1);
  *AddWithContext(&with_context) = XExample(2);
  *with_context.mutable_example_list_with_context()->mutable_context() = NameExample("first");
  *AddWithContext(&other_context) = XExample(3);
  *other_context.mutable_example_list_with_context()->mutable_context() = XExample(4);
  const std::vector<std::vector<Input>> sequences = {
      {list, list},         {with_context, other_context},       {list, with_context},
      {with_context, list}, {with_context, list, other_context},
  };
  for (const auto& sequence : sequences) {
    std::string bytes;
    for (const Input& input : sequence) bytes += input.SerializeAsString();
    Input merged;
    ASSERT_TRUE(merged.ParseFromString(bytes));
    const bool has_context = merged.has_example_list_with_context();
    const auto& examples =
        has_context ? merged.example_list_with_context().examples() : merged.example_list().examples();
    std::vector<std::string> expected, found;
    for (Example example : examples) {
      Example whole = merged.example_list_with_context().context();
      whole.MergeFrom(example);
      expected.push_back(whole.DebugString());
    }
    for (const std::string& string : Read(bytes)) {
      Example example;
      EXPECT_TRUE(example.ParseFromString(string));
      found.push_back(example.DebugString());
    }
    EXPECT_EQ(found, expected);
  }
}

TEST(ExamplesInputTest, SkipsUnknownFields) {
  Input input;
  *Add(&input) = XExample(1);
  EXPECT_THAT(Read(input.SerializeAsString() + "\x18\x07"), ElementsAre(XExample(1).SerializeAsString()));
}

TEST(ExamplesInputTest, RefusesWhatIsCutOff) {
  Input input;
  *Add(&input) = XExample(1);
  *Add(&input) = XExample(2);
  const std::string whole = input.SerializeAsString();
  for (size_t size = 1; size < whole.size(); ++size) {
    EXPECT_FALSE(ExamplesInput().Merge(whole.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(ExamplesInput().Merge("\x0a\x02\x0a\x05").ok());
  EXPECT_FALSE(ExamplesInput().Merge("\x08\x01").ok());
}

std::string Delimited(const std::string& bytes) {
  std::string field = "\x0a";
  field += static_cast<char>(bytes.size());
  return field + bytes;
}

// Of an input with one list of these examples.
absl::Status MergeList(const std::vector<std::string>& examples) {
  std::string list;
  for (const std::string& example : examples) list += Delimited(example);
  return ExamplesInput().Merge(Delimited(list));
}

TEST(ExamplesInputTest, SaysWhichExampleProtobufWouldNotParse) {
  const std::string good = XExample(1).SerializeAsString();
  EXPECT_EQ(MergeList({good, "", good}), absl::OkStatus());
  EXPECT_EQ(MergeList({good, good.substr(0, good.size() - 1)}),
            absl::InvalidArgumentError("example 1 is not a tensorflow.Example: it is cut off or malformed"));
  std::string named = good;
  named[named.find('x')] = '\xff';
  EXPECT_EQ(MergeList({named}),
            absl::InvalidArgumentError("example 0 has a feature whose name is not UTF-8: \"\xef\xbf\xbd\""));
  // Field 2 of Input, field 2 of the list with a context.
  std::string with_context = Delimited("\x0a\x05");
  with_context[0] = '\x12';
  std::string input = Delimited(with_context);
  input[0] = '\x12';
  EXPECT_EQ(ExamplesInput().Merge(input),
            absl::InvalidArgumentError("the context is not a tensorflow.Example: it is cut off or malformed"));
}

// Three megabytes would become a terabyte.
TEST(ExamplesInputTest, RefusesAContextThatIsRepeatedTooOften) {
  Input context, examples;
  *context.mutable_example_list_with_context()->mutable_context() = NameExample(std::string(1 << 20, 'c'));
  for (int i = 0; i < 1 << 20; ++i) AddWithContext(&examples);
  const std::string bytes = context.SerializeAsString() + examples.SerializeAsString();
  ExamplesInput input;
  ASSERT_EQ(input.Merge(bytes), absl::OkStatus());
  EXPECT_EQ(input.size(), 1 << 20);
  const absl::Status status = input.ToTensor().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              ::testing::HasSubstr("before each of 1048576 examples takes more than 268435456 bytes"));
}

// 24 bytes of memory for each 2 bytes of the request: more than one may take.
TEST(ExamplesInputTest, RefusesMoreExamplesThanATensorMayHold) {
  Input million;
  for (int i = 0; i < 1000000; ++i) Add(&million);
  const std::string bytes = million.SerializeAsString();
  ExamplesInput input;
  while (input.size() <= kMaxTensorBytes / 24) ASSERT_EQ(input.Merge(bytes), absl::OkStatus());
  const absl::Status status = input.ToTensor().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("needs more than 2147483648 bytes"));
}

}  // namespace
}  // namespace trilho
