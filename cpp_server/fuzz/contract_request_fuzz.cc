// Requests of contracts against protobuf's own reading of them: what both read is the same, and what was read and
// written comes back.

#include <memory>
#include <string>
#include <utility>

#include "cpp_server/contracts/contract.h"
#include "cpp_server/contracts/request_decoder.h"
#include "cpp_server/contracts/response_encoder.h"
#include "cpp_server/fuzz/fuzz_target.h"
#include "cpp_server/fuzz/same_tensor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/text_format.h"
#include "trilho/contract.pb.h"

namespace trilho {
namespace {

using google::protobuf::Message;

// Methods whose request is their response: every kind of field in a batch, one example that counts, one that does not.
constexpr char kFile[] = R"pb(
  name: "fuzz.proto"
  package: "fuzz"
  syntax: "proto3"
  dependency: "trilho/contract.proto"
  message_type {
    name: "Batch"
    field {
      name: "all"
      number: 1
      type: TYPE_MESSAGE
      type_name: ".fuzz.Any"
      label: LABEL_REPEATED
      options {
        [trilho.contract.batch]: true
      }
    }
  }
  message_type {
    name: "Any"
    field {
      name: "a"
      number: 1
      type: TYPE_DOUBLE
      label: LABEL_REPEATED
      options {
        [trilho.contract.tensor] { dtype: FLOAT16 }
      }
    }
    field {
      name: "b"
      number: 2
      type: TYPE_FLOAT
      label: LABEL_OPTIONAL
      options {
        [trilho.contract.tensor] { minimum: -1 }
      }
    }
    field {
      name: "c"
      number: 3
      type: TYPE_SINT64
      label: LABEL_REPEATED
      options {
        [trilho.contract.tensor] { dtype: INT8 }
      }
    }
    field {
      name: "d"
      number: 4
      type: TYPE_UINT32
      label: LABEL_OPTIONAL
      options {
        [trilho.contract.tensor] { dtype: INT64 }
      }
    }
    field { name: "e" number: 5 type: TYPE_STRING label: LABEL_REPEATED }
    field {
      name: "f"
      number: 6
      type: TYPE_BYTES
      label: LABEL_OPTIONAL
      options {
        [trilho.contract.tensor] { dtype: UINT8 }
      }
    }
    field { name: "g" number: 7 type: TYPE_BOOL label: LABEL_REPEATED }
    field { name: "h" number: 8 type: TYPE_MESSAGE type_name: ".fuzz.Row" label: LABEL_REPEATED }
    field { name: "i" number: 9 type: TYPE_MESSAGE type_name: ".fuzz.Place" label: LABEL_OPTIONAL }
    field {
      name: "j"
      number: 500
      type: TYPE_STRING
      label: LABEL_OPTIONAL
      oneof_index: 0
      proto3_optional: true
      options {
        [trilho.contract.tensor] { default_string: "none" }
      }
    }
    oneof_decl { name: "_j" }
  }
  message_type {
    name: "Row"
    field { name: "k" number: 1 type: TYPE_SFIXED32 label: LABEL_REPEATED }
    field { name: "l" number: 2 type: TYPE_MESSAGE type_name: ".fuzz.Cell" label: LABEL_REPEATED }
  }
  message_type {
    name: "Cell"
    field { name: "m" number: 1 type: TYPE_INT32 label: LABEL_OPTIONAL }
    field {
      name: "n"
      number: 2
      type: TYPE_FIXED64
      label: LABEL_REPEATED
      options {
        [trilho.contract.tensor] { shape: 2 }
      }
    }
  }
  message_type {
    name: "Place"
    field {
      name: "o"
      number: 1
      type: TYPE_STRING
      label: LABEL_OPTIONAL
      options {
        [trilho.contract.tensor] { vocabulary: "" vocabulary: "Porto" }
      }
    }
    field { name: "p" number: 2 type: TYPE_SINT32 label: LABEL_REPEATED }
  }
  message_type {
    name: "Fixed"
    field {
      name: "q"
      number: 1
      type: TYPE_FLOAT
      label: LABEL_REPEATED
      options {
        [trilho.contract.tensor] { shape: 2 shape: 2 }
      }
    }
    field { name: "r" number: 2 type: TYPE_INT64 label: LABEL_OPTIONAL }
    field {
      name: "s"
      number: 3
      type: TYPE_INT32
      label: LABEL_REPEATED
      options {
        [trilho.contract.tensor] { shape: 0 }
      }
    }
    field {
      name: "t"
      number: 4
      type: TYPE_BYTES
      label: LABEL_OPTIONAL
      options {
        [trilho.contract.tensor] { dtype: UINT8 shape: 2 }
      }
    }
  }
  service {
    name: "Fuzz"
    method {
      name: "Batch"
      input_type: ".fuzz.Batch"
      output_type: ".fuzz.Batch"
      options {
        [trilho.contract.model] { name: "m" }
      }
    }
    method {
      name: "Any"
      input_type: ".fuzz.Any"
      output_type: ".fuzz.Any"
      options {
        [trilho.contract.model] { name: "m" }
      }
    }
    method {
      name: "Fixed"
      input_type: ".fuzz.Fixed"
      output_type: ".fuzz.Fixed"
      options {
        [trilho.contract.model] { name: "m" }
      }
    }
  }
)pb";

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
    FuzzRequire(google::protobuf::TextFormat::ParseFromString(kFile, set.add_file()), "the file parses");
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

void Ask(const ContractMethod& method, absl::string_view bytes) {
  const absl::StatusOr<DecodedRequest> decoded = DecodeRequest(method, bytes);
  const std::unique_ptr<Message> message = TheFixture().NewRequest(method);
  const bool parsed = message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  FuzzRequire(parsed || !decoded.ok(), "protobuf reads what is read");
  if (parsed) {
    // Groups are read there and not here.
    const bool malformed = !decoded.ok() && decoded.status().message() == "the request is not a " + method.request.type;
    message->DiscardUnknownFields();
    const absl::StatusOr<DecodedRequest> known = DecodeRequest(method, message->SerializeAsString());
    FuzzRequire(malformed || known.ok() == decoded.ok(), "what protobuf writes is refused as what it read");
    if (decoded.ok()) RequireSame(*decoded, *known);
  }
  if (!decoded.ok()) return;
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
  std::vector<std::string> seeds = {Seed(methods[0], ("all { " + any + " } all { " + any + " }").c_str()),
                                    Seed(methods[0], "all {} all { b: 1 }"), Seed(methods[1], any.c_str()),
                                    Seed(methods[2], "q: [1, 2, 3, 4] r: -1 t: 'ab'")};
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
