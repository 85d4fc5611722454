// Requests to classify or regress: the examples are those that protobuf reads.

#include "absl/strings/str_cat.h"
#include "cpp_server/fuzz/fuzz_target.h"
#include "cpp_server/services/examples/examples_request.h"
#include "tensorflow/core/example/example.pb.h"
#include "tensorflow_serving/apis/classification.pb.h"

namespace trilho {
namespace {

using tensorflow::serving::ClassificationRequest;

struct Read {
  tensorflow::serving::ModelSpec spec;
  absl::StatusOr<Tensor> examples;
};

Read ReadRequest(absl::string_view bytes) {
  Read read;
  ExamplesRequest request;
  const absl::Status status =
      ReadExamplesRequest(bytes, "tensorflow.serving.ClassificationRequest", &read.spec, &request);
  read.examples = status.ok() ? request.examples.ToTensor() : status;
  if (!read.examples.ok()) return read;
  FuzzRequire(read.examples->num_elements() == request.examples.size(), "each example has an element");
  FuzzRequire(request.spec.name == read.spec.name(), "the model is the one that was read");
  return read;
}

void RequireSameAs(const ClassificationRequest& message, const Tensor& examples) {
  const auto& input = message.input();
  const bool with_context = input.has_example_list_with_context();
  const auto& list = with_context ? input.example_list_with_context().examples() : input.example_list().examples();
  const std::string context = input.example_list_with_context().context().SerializeAsString();
  FuzzRequire(examples.num_elements() == list.size(), "there are as many examples as protobuf read");
  for (int i = 0; i < list.size(); ++i) {
    FuzzRequire(examples.string(i) == absl::StrCat(context, list[i].SerializeAsString()),
                "an example is what protobuf read, with the context before it");
  }
}

// A request for the model "m" with one example of these bytes, less than 120.
std::string InputOf(const std::string& example) {
  const auto field = [](char tag, const std::string& bytes) {
    return absl::StrCat(std::string(1, tag), std::string(1, static_cast<char>(bytes.size())), bytes);
  };
  return field('\x0a', field('\x0a', "m")) + field('\x12', field('\x0a', field('\x0a', example)));
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  std::vector<std::string> seeds;
  tensorflow::Example example;
  (*example.mutable_features()->mutable_feature())["x"].mutable_float_list()->add_value(0.5f);
  tensorflow::Example other;
  (*other.mutable_features()->mutable_feature())["name"].mutable_bytes_list()->add_value("a\xff");
  (*other.mutable_features()->mutable_feature())["id"].mutable_int64_list()->add_value(-1);
  ClassificationRequest request;
  request.mutable_model_spec()->set_name("m");
  seeds.push_back(request.SerializeAsString());
  auto* const list = request.mutable_input()->mutable_example_list();
  *list->add_examples() = example;
  *list->add_examples() = other;
  seeds.push_back(request.SerializeAsString());
  auto* const shared = request.mutable_input()->mutable_example_list_with_context();
  *shared->mutable_context() = std::move(other);
  *shared->add_examples() = std::move(example);
  shared->add_examples();
  seeds.push_back(request.SerializeAsString());
  seeds.push_back(seeds[2] + seeds[2]);
  seeds.push_back(seeds[1] + seeds[2]);
  // A model_spec in two parts, neither of which is one.
  seeds.push_back(std::string("\x0a\x01\x0a\x0a\x02\x01m", 7));
  // One example cut off, one with a name that is not UTF-8, and lists of numbers one by one.
  std::string spoilt = seeds[1];
  spoilt[spoilt.rfind("id")] = '\xff';
  seeds.push_back(spoilt);
  seeds.push_back(InputOf("\x0a\x05\x0a"));
  seeds.push_back(InputOf(std::string("\x0a\x0e\x0a\x0c\x0a\x01x\x12\x07\x12\x05\x0d\0\0\x80\x3f", 16)));
  seeds.push_back(InputOf("\x0a\x0c\x0a\x0a\x0a\x01x\x12\x05\x1a\x03\x08\xac\x02"));
  return seeds;
}

}  // namespace trilho

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trilho;  // NOLINT(google-build-using-namespace): libFuzzer's entry is outside of it
  const Read read = ReadRequest({reinterpret_cast<const char*>(data), size});
  ClassificationRequest message;
  if (!message.ParseFromArray(data, static_cast<int>(size))) {
    FuzzRequire(!read.examples.ok(), "what protobuf does not parse is refused");
    return 0;
  }
  if (read.examples.ok()) {
    const int examples = message.input().has_example_list_with_context()
                             ? message.input().example_list_with_context().examples_size()
                             : message.input().example_list().examples_size();
    FuzzRequire(read.examples->num_elements() == examples, "there are as many examples as protobuf read");
  }
  // As protobuf writes it, each example can be compared by its bytes.
  message.DiscardUnknownFields();
  const std::string bytes = message.SerializeAsString();
  const Read known = ReadRequest(bytes);
  if (known.examples.ok()) return RequireSameAs(message, *known.examples), 0;
  const absl::string_view error = known.examples.status().message();
  FuzzRequire(error == "Missing ModelSpec" || error == "Input is empty.", "what protobuf writes is well-formed");
  return 0;
}
