#include "cpp_server/services/predict.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cpp_server/admission/no_memory.h"
#include "cpp_server/services/model_spec_wire.h"
#include "cpp_server/wire/tensor_proto.h"
#include "cpp_server/wire/wire_reader.h"
#include "cpp_server/wire/wire_writer.h"

namespace trilho {
namespace {

// Fields of tensorflow.serving.PredictRequest and PredictResponse.
enum RequestField : uint32_t { kRequestModelSpec = 1, kRequestInputs = 2, kRequestOutputFilter = 3 };
enum ResponseField : uint32_t { kResponseOutputs = 1, kResponseModelSpec = 2 };
// Of an entry of map<string, TensorProto>.
enum EntryField : uint32_t { kEntryKey = 1, kEntryValue = 2 };

struct NamedTensor {
  // Never null: an entry may have no key, and its name is printed.
  absl::string_view alias = "";
  // A serialized TensorProto.
  absl::string_view tensor;
};

// The request's parts; tensors are read once the signature is known.
struct PredictRequestView {
  bool has_model_spec = false;
  ModelSpec model_spec;
  // No alias twice once the request is read.
  std::vector<NamedTensor> inputs;
  std::vector<absl::string_view> output_filter;
};

bool ReadInput(absl::string_view entry, PredictRequestView* request) {
  NamedTensor input;
  WireReader reader(entry);
  while (reader.NextField()) {
    if (reader.field() == kEntryKey) {
      input.alias = reader.Bytes();
    } else if (reader.field() == kEntryValue) {
      input.tensor = reader.Bytes();
    } else {
      reader.Skip();
    }
  }
  request->inputs.push_back(input);
  return reader.ok();
}

// The last entry of a key counts, as everywhere in protobuf. Sorts, since a
// request may hold entries by the million.
void DropRepeated(std::vector<NamedTensor>* inputs) {
  if (inputs->size() < 2) return;
  const auto by_alias = [](const NamedTensor& a, const NamedTensor& b) { return a.alias < b.alias; };
  std::stable_sort(inputs->begin(), inputs->end(), by_alias);
  // Unique keeps the first of equal ones, which from behind is the last.
  const auto same_alias = [](const NamedTensor& a, const NamedTensor& b) { return a.alias == b.alias; };
  inputs->erase(inputs->begin(), std::unique(inputs->rbegin(), inputs->rend(), same_alias).base());
}

absl::StatusOr<PredictRequestView> ReadRequest(absl::string_view bytes) {
  PredictRequestView request;
  WireReader reader(bytes);
  bool well_formed = true;
  while (reader.NextField()) {
    switch (reader.field()) {
      case kRequestModelSpec:
        request.has_model_spec = true;
        well_formed &= ReadModelSpec(reader.Bytes(), &request.model_spec);
        break;
      case kRequestInputs:
        well_formed &= ReadInput(reader.Bytes(), &request);
        break;
      case kRequestOutputFilter:
        request.output_filter.push_back(reader.Bytes());
        break;
      default:
        reader.Skip();
    }
  }
  if (!reader.ok() || !well_formed) {
    return absl::InvalidArgumentError("the request is not a tensorflow.serving.PredictRequest");
  }
  DropRepeated(&request.inputs);
  return request;
}

using Names = std::set<absl::string_view>;

Names Difference(const Names& a, const Names& b) {
  Names difference;
  for (absl::string_view name : a) {
    if (b.count(name) == 0) difference.insert(name);
  }
  return difference;
}

absl::Status WrongNumberOfInputs(const Names& sent, const Names& required) {
  return absl::InvalidArgumentError(absl::StrCat(
      "input size does not match signature: ", sent.size(), "!=", required.size(), " len({", absl::StrJoin(sent, ","),
      "}) != len({", absl::StrJoin(required, ","), "}). Sent extra: {", absl::StrJoin(Difference(sent, required), ","),
      "}. Missing but required: {", absl::StrJoin(Difference(required, sent), ","), "}."));
}

// What a request may leave out, as TF Serving prints it.
std::string DefaultAliases(const Signature& signature) {
  Names names;
  for (const TensorInfo& info : signature.inputs) {
    if (info.default_value) names.insert(info.alias);
  }
  return absl::StrJoin(names, ",");
}

bool HasDefaults(const Signature& signature) {
  return std::any_of(signature.inputs.begin(), signature.inputs.end(),
                     [](const TensorInfo& info) { return info.default_value.has_value(); });
}

absl::Status CheckNames(const Names& sent, const Signature& signature) {
  Names known;
  for (const TensorInfo& info : signature.inputs) known.insert(info.alias);
  if (!HasDefaults(signature)) return sent.size() == known.size() ? absl::OkStatus() : WrongNumberOfInputs(sent, known);
  const Names extra = Difference(sent, known);
  if (extra.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("Inputs contains invalid name. Sent extra: {",
                                                 absl::StrJoin(extra, ","), "}, the signature has {",
                                                 absl::StrJoin(known, ","), "}."));
}

absl::StatusOr<std::vector<Tensor>> ReadInputs(const PredictRequestView& request, const Signature& signature) {
  const auto sent_names = [&request] {
    Names names;
    for (const NamedTensor& input : request.inputs) names.insert(input.alias);
    return names;
  };
  // The names are needed only where something is wrong, or may be left out.
  const bool as_many = request.inputs.size() == signature.inputs.size();
  const absl::Status named =
      as_many && !HasDefaults(signature) ? absl::OkStatus() : CheckNames(sent_names(), signature);
  if (!named.ok()) return named;
  std::vector<Tensor> inputs;
  inputs.reserve(signature.inputs.size());
  for (const TensorInfo& info : signature.inputs) {
    absl::optional<absl::string_view> found;
    if (info.default_value) found = *info.default_value;
    for (const NamedTensor& input : request.inputs) {
      if (input.alias == info.alias) found = input.tensor;
    }
    if (!found) {
      return absl::InvalidArgumentError(
          absl::StrCat("Signature input alias: ", info.alias, "(feed name: ", info.tensor_name,
                       ") not found in request and no default value provided. Inputs expected to be in the request {",
                       absl::StrJoin(sent_names(), ","), "}, or default input alias set: ", DefaultAliases(signature)));
    }
    auto tensor = ParseTensorProto(*found);
    if (!tensor.ok()) {
      // Without memory for it there is nothing wrong with the request.
      const bool no_memory = absl::IsResourceExhausted(tensor.status());
      return absl::Status(no_memory ? absl::StatusCode::kResourceExhausted : absl::StatusCode::kInvalidArgument,
                          absl::StrCat("tensor parsing error: ", info.alias, " (", tensor.status().message(), ")"));
    }
    inputs.push_back(*std::move(tensor));
  }
  return inputs;
}

absl::StatusOr<std::vector<int>> ChooseOutputs(const PredictRequestView& request, const Signature& signature) {
  std::vector<int> outputs;
  if (request.output_filter.empty()) {
    outputs.resize(signature.outputs.size());
    std::iota(outputs.begin(), outputs.end(), 0);
    return outputs;
  }
  for (absl::string_view alias : request.output_filter) {
    const int position = Signature::Find(signature.outputs, alias);
    if (position < 0) {
      Names known;
      for (const TensorInfo& info : signature.outputs) known.insert(info.alias);
      return absl::InvalidArgumentError(absl::StrCat("output tensor alias not found in signature: ", alias,
                                                     " Outputs expected to be in the set {", absl::StrJoin(known, ","),
                                                     "}."));
    }
    if (std::find(outputs.begin(), outputs.end(), position) != outputs.end()) {
      return absl::InvalidArgumentError(absl::StrCat("duplicate output tensor alias: ", alias));
    }
    outputs.push_back(position);
  }
  return outputs;
}

// What a response needs beside the run's results, kept while the model runs.
struct Asked {
  std::string name;
  int64_t version = 0;
  const Signature* signature = nullptr;
  std::vector<int> outputs;
  TensorEncoding encoding = TensorEncoding::kTypedFields;
};

absl::StatusOr<std::string> WriteResponse(const Asked& asked, const std::vector<Tensor>& tensors) {
  WireWriter writer;
  for (size_t i = 0; i < asked.outputs.size(); ++i) {
    const std::string& alias = asked.signature->outputs[static_cast<size_t>(asked.outputs[i])].alias;
    if (!CanSerialize(tensors[i].type())) {
      return absl::InvalidArgumentError(absl::StrCat("output \"", alias, "\" is of a type that cannot be sent"));
    }
    const size_t tensor_size = TensorProtoSize(tensors[i], asked.encoding);
    const size_t entry_size =
        WireWriter::BytesFieldSize(kEntryKey, alias.size()) + WireWriter::BytesFieldSize(kEntryValue, tensor_size);
    writer.Reserve(writer.size() + entry_size + 64);
    writer.BeginBytes(kResponseOutputs, entry_size);
    writer.BytesField(kEntryKey, alias);
    writer.BeginBytes(kEntryValue, tensor_size);
    WriteTensorProto(tensors[i], &writer, asked.encoding);
  }
  ModelSpec answered;
  answered.name = asked.name;
  answered.version = asked.version;
  answered.signature_name = asked.signature->name;
  writer.BeginBytes(kResponseModelSpec, ModelSpecSize(answered));
  WriteModelSpec(answered, &writer);
  return std::move(writer).Release();
}

}  // namespace

void Predict(const Predictor& predictor, TensorEncoding encoding, absl::string_view request, const CallContext& context,
             InferenceRecord* record, BytesDone done) {
  auto view = ReadRequest(request);
  if (!view.ok()) return done(view.status());
  if (!view->has_model_spec) return done(absl::InvalidArgumentError("Missing ModelSpec"));
  record->model = std::string(view->model_spec.name);
  record->signature = std::string(view->model_spec.signature_name);
  auto resolved = predictor.Resolve(view->model_spec);
  if (!resolved.ok()) return done(resolved.status());
  record->version = resolved->model.version();
  record->signature = resolved->signature->name;
  auto inputs = ReadInputs(*view, *resolved->signature);
  if (!inputs.ok()) return done(inputs.status());
  auto outputs = ChooseOutputs(*view, *resolved->signature);
  if (!outputs.ok()) return done(outputs.status());
  record->examples = inputs->empty() || inputs->front().rank() == 0 ? 1 : inputs->front().dim(0);
  Asked asked{record->model, resolved->model.version(), resolved->signature, *outputs, encoding};
  predictor.Run(*std::move(resolved), *std::move(inputs), *std::move(outputs), InputShapes::kTakenByTheGraph, context,
                [asked = std::move(asked), record, done = std::move(done)](absl::StatusOr<RunResult> result) {
                  if (!result.ok()) return done(result.status());
                  record->times = result->times;
                  done(OrNoMemory([&] { return WriteResponse(asked, result->outputs); }));
                });
}

}  // namespace trilho
