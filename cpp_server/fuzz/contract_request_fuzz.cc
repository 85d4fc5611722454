// Requests of contracts against protobuf's own reading of them: what both read is the same, and what was read and
// written comes back.

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "cpp_server/advice/words.h"
#include "cpp_server/contracts/contract.h"
#include "cpp_server/contracts/request_decoder.h"
#include "cpp_server/contracts/response_encoder.h"
#include "cpp_server/fuzz/contract_request_messages.h"
#include "cpp_server/fuzz/fuzz_target.h"
#include "cpp_server/fuzz/same_tensor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/reflection.h"
#include "google/protobuf/text_format.h"
#include "tensorflow/core/example/example.pb.h"
#include "trilho/contract.pb.h"

namespace trilho {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Lives as long as the process.
struct Fixture {
  Fixture() : Fixture(Files()) {}

  Contracts contracts;
  google::protobuf::DescriptorPool pool;
  google::protobuf::DynamicMessageFactory factory;

  std::unique_ptr<Message> NewRequest(const ContractMethod& method) {
    return std::unique_ptr<Message>(factory.GetPrototype(pool.FindMessageTypeByName(method.request.type))->New());
  }

 private:
  static google::protobuf::FileDescriptorSet Files() {
    google::protobuf::FileDescriptorSet set;
    google::protobuf::FileDescriptorProto::descriptor()->file()->CopyTo(set.add_file());
    contract::Model::descriptor()->file()->CopyTo(set.add_file());
    FuzzRequire(google::protobuf::TextFormat::ParseFromString(kContractRequestMessages, set.add_file()),
                "the file parses");
    return set;
  }
  explicit Fixture(const google::protobuf::FileDescriptorSet& set) {
    auto read = ReadContracts(set.SerializeAsString(), "fuzz.desc");
    FuzzRequire(read.ok(), read.ok() ? "" : read.status().ToString().c_str());
    contracts = *std::move(read);
    for (const auto& file : set.file()) FuzzRequire(pool.BuildFile(file) != nullptr, "the file builds");
  }
};

Fixture& TheFixture() {
  static Fixture* const fixture = new Fixture();
  return *fixture;
}

void RequireSame(const DecodedRequest& a, const DecodedRequest& b) {
  FuzzRequire(a.examples == b.examples && a.tensors.size() == b.tensors.size(), "as many examples and tensors");
  for (size_t i = 0; i < a.tensors.size(); ++i) {
    FuzzRequire(SameTensor(a.tensors[i], b.tensors[i], NotANumber::kAny), "the same tensors");
  }
}

// Whether the field's limits take each of its values, looked at one by one.
template <typename Number>
bool TakesAll(const google::protobuf::RepeatedFieldRef<Number>& values, const contract::Tensor& limits) {
  // The contract's numbers as the field holds them: 0.1 is a float here.
  const auto least = static_cast<Number>(std::max(limits.minimum(), double{std::numeric_limits<Number>::lowest()}));
  const auto most = static_cast<Number>(limits.maximum());
  return std::all_of(values.begin(), values.end(), [&](Number value) {
    const auto number = static_cast<double>(value);
    return !std::isnan(number) && (!limits.has_minimum() || value >= least) &&
           (!limits.has_maximum() || value <= most) && (!limits.finite() || std::isfinite(number));
  });
}

bool TakesAll(const Message& message) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* const field = message.GetDescriptor()->field(i);
    const contract::Tensor& limits = field->options().GetExtension(contract::tensor);
    bool takes = true;
    if (!field->is_repeated()) {
      takes = reflection.GetFloat(message, field) <= static_cast<float>(limits.maximum());
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT) {
      takes = TakesAll(reflection.GetRepeatedFieldRef<float>(message, field), limits);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) {
      takes = TakesAll(reflection.GetRepeatedFieldRef<double>(message, field), limits);
    } else {
      takes = TakesAll(reflection.GetRepeatedFieldRef<int32_t>(message, field), limits);
    }
    if (!takes) return false;
  }
  return true;
}

// Features that are those of the fields of `message`, as protobuf reads them, and no others.
class Features {
 public:
  explicit Features(const tensorflow::Features& features) : features_(features) {}

  void Require(const Message& message) {
    RequireFields(message);
    FuzzRequire(used_ == features_.feature_size(), "a feature for each field");
  }

 private:
  void RequireFields(const Message& message) {
    for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor* const field = message.GetDescriptor()->field(i);
      if (field->message_type() != nullptr) {
        RequireFields(message.GetReflection()->GetMessage(message, field));
        continue;
      }
      const auto found = features_.feature().find(field->name());
      FuzzRequire(found != features_.feature().end(), "a feature of the field's name");
      ++used_;
      RequireValues(message, field, found->second);
    }
  }

  static void RequireValues(const Message& message, const FieldDescriptor* field, const tensorflow::Feature& feature) {
    const google::protobuf::Reflection& reflection = *message.GetReflection();
    const bool many = field->is_repeated();
    const int count = many ? reflection.FieldSize(message, field) : 1;
    const int found = feature.has_float_list()   ? feature.float_list().value_size()
                      : feature.has_int64_list() ? feature.int64_list().value_size()
                                                 : feature.bytes_list().value_size();
    FuzzRequire(found == count, "as many values as the field has");
    for (int i = 0; i < count; ++i) {
      switch (field->cpp_type()) {
        case FieldDescriptor::CPPTYPE_FLOAT: {
          const bool is_set = many || !field->has_presence() || reflection.HasField(message, field);
          const float value = !is_set ? 0.5F
                              : many  ? reflection.GetRepeatedFloat(message, field, i)
                                      : reflection.GetFloat(message, field);
          RequireFloat(feature, i, value);
          break;
        }
        case FieldDescriptor::CPPTYPE_DOUBLE:
          RequireFloat(feature, i, static_cast<float>(reflection.GetDouble(message, field)));
          break;
        case FieldDescriptor::CPPTYPE_INT32:
          FuzzRequire(feature.int64_list().value(i) == reflection.GetRepeatedInt32(message, field, i),
                      "the same int32");
          break;
        case FieldDescriptor::CPPTYPE_UINT32:
          FuzzRequire(feature.int64_list().value(i) == reflection.GetRepeatedUInt32(message, field, i),
                      "the same uint32");
          break;
        case FieldDescriptor::CPPTYPE_UINT64:
          FuzzRequire(static_cast<uint64_t>(feature.int64_list().value(i)) == reflection.GetUInt64(message, field),
                      "the same uint64");
          break;
        case FieldDescriptor::CPPTYPE_BOOL:
          FuzzRequire(feature.int64_list().value(i) == (reflection.GetBool(message, field) ? 1 : 0), "the same bool");
          break;
        default:
          FuzzRequire(feature.bytes_list().value(i) == (many ? reflection.GetRepeatedString(message, field, i)
                                                             : reflection.GetString(message, field)),
                      "the same text");
      }
    }
  }

  static void RequireFloat(const tensorflow::Feature& feature, int i, float value) {
    const float found = feature.float_list().value(i);
    FuzzRequire(found == value || (std::isnan(found) && std::isnan(value)), "the same float");
  }

  const tensorflow::Features& features_;
  int used_ = 0;
};

void RequireExamples(const ContractMethod& method, const DecodedRequest& decoded, const Message& message) {
  FuzzRequire(decoded.tensors.size() == 1 && decoded.tensors[0].num_elements() == decoded.examples, "a text for each");
  for (int64_t i = 0; i < decoded.examples; ++i) {
    const absl::string_view text = decoded.tensors[0].string(i);
    tensorflow::Example example;
    FuzzRequire(example.ParseFromArray(text.data(), static_cast<int>(text.size())), "it is a tf.Example");
    const FieldDescriptor* const batch =
        method.request.batch()
            ? message.GetDescriptor()->FindFieldByNumber(static_cast<int>(method.request.batch_number))
            : nullptr;
    const Message& element =
        batch == nullptr ? message : message.GetReflection()->GetRepeatedMessage(message, batch, static_cast<int>(i));
    Features(example.features()).Require(element);
  }
}

void Ask(const ContractMethod& method, absl::string_view bytes) {
  const absl::StatusOr<DecodedRequest> decoded = DecodeRequest(method, bytes);
  const std::unique_ptr<Message> message = TheFixture().NewRequest(method);
  const bool parsed = message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  FuzzRequire(parsed || !decoded.ok(), "protobuf reads what is read");
  if (parsed) {
    // Groups are read there and not here.
    const bool malformed =
        !decoded.ok() && decoded.status().message() == "the request is not " + WithArticle(method.request.type);
    message->DiscardUnknownFields();
    const absl::StatusOr<DecodedRequest> known = DecodeRequest(method, message->SerializeAsString());
    FuzzRequire(malformed || known.ok() == decoded.ok(), "what protobuf writes is refused as what it read");
    if (decoded.ok()) RequireSame(*decoded, *known);
    // A packed field of the tensor's bytes has its limits looked at in one go.
    if (method.name == "Limited") FuzzRequire(malformed || decoded.ok() == TakesAll(*message), "limits are kept");
  }
  if (!decoded.ok()) return;
  // Other messages than requests are answered.
  if (!method.example_input.empty()) return RequireExamples(method, *decoded, *message);
  const absl::StatusOr<std::string> encoded = EncodeResponse(method.response, decoded->examples, decoded->tensors);
  FuzzRequire(encoded.ok(), "what was read can be written");
  FuzzRequire(message->ParseFromString(*encoded), "protobuf reads what is written");
  const absl::StatusOr<DecodedRequest> again = DecodeRequest(method, *encoded);
  FuzzRequire(again.ok(), "what was written is read");
  RequireSame(*decoded, *again);
}

std::string Seed(const ContractMethod& method, const char* text) {
  const std::unique_ptr<Message> message = TheFixture().NewRequest(method);
  FuzzRequire(google::protobuf::TextFormat::ParseFromString(text, message.get()), "a seed parses");
  return message->SerializeAsString();
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  const auto& methods = TheFixture().contracts.methods;
  const std::string any = R"(a: [1, 2] b: 3 c: [-1, 100] d: 4294967295 e: ["x", ""] f: "ab" g: [true, false]
      h { k: [1, -1] l { m: -5 n: [1, 2] } } h { k: [0, 7] l { n: [3, 4] } } i { o: "Porto" p: [-1, 300] } j: "j")";
  const std::string example = R"(a: [1, 2] b: 3 c: ["x", ""] d: "ab" e: [-1, 300] f: true g: 9223372036854775807 h: 0
      j: [1, 4294967295] k { o: "Porto" p: [-1, 300] })";
  std::vector<std::string> seeds = {
      Seed(methods[0], ("all { " + any + " } all { " + any + " }").c_str()),
      Seed(methods[0], "all {} all { b: 1 }"),
      Seed(methods[1], any.c_str()),
      Seed(methods[2], "q: [1, 2, 3, 4] r: -1 t: 'ab'"),
      Seed(methods[3], "u: [-1, 0.1, 0.05] v: [2, -1e300] w: [-3, 300] x: [3e38, -1] y: 7"),
      Seed(methods[4], ("all { " + example + " } all { j: [3, 4] }").c_str()),
      Seed(methods[5], example.c_str())};
  for (const std::string& seed : seeds) {
    bool read = false;
    for (const ContractMethod& method : methods) read |= DecodeRequest(method, seed).ok();
    FuzzRequire(read, "a seed is a request");
  }
  return seeds;
}

}  // namespace trilho

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trilho;  // NOLINT(google-build-using-namespace): libFuzzer's entry is outside of it
  for (const ContractMethod& method : TheFixture().contracts.methods) {
    Ask(method, {reinterpret_cast<const char*>(data), size});
  }
  return 0;
}
