#include "cpp_server/tensorflow/signature.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cpp_server/tensorflow/data_type.h"
#include "cpp_server/tensorflow/graph_effects.h"
#include "cpp_server/wire/tensor_proto.h"
#include "cpp_server/wire/wire_reader.h"
#include "cpp_server/wire/wire_writer.h"
#include "tensorflow_serving/apis/get_model_metadata.pb.h"

namespace trilho {
namespace {

// MetaGraphDef.signature_def and SignatureDefMap.signature_def are both
// map<string, SignatureDef>, so that an entry's bytes serve as either.
constexpr uint32_t kMetaGraphSignatures = 5;
constexpr uint32_t kMapSignatures = 1;

// Added to every SavedModel for its loader; nothing that can be asked.
constexpr char kInitOpSignature[] = "__saved_model_init_op";

absl::StatusOr<std::string> ExtractSignatureDefMap(absl::string_view meta_graph_def) {
  WireReader reader(meta_graph_def);
  WireWriter writer;
  while (reader.NextField()) {
    if (reader.field() == kMetaGraphSignatures && reader.type() == WireType::kLengthDelimited) {
      writer.BytesField(kMapSignatures, reader.Bytes());
    } else {
      reader.Skip();
    }
  }
  if (!reader.ok()) return absl::DataLossError("the model's MetaGraphDef is malformed");
  return std::move(writer).Release();
}

// Finds a tensor's place in the graph. An error begins where its alias would stand: "is ...".
absl::StatusOr<TF_Output> Find(const tensorflow::TensorInfo& proto, TF_Graph* graph) {
  if (proto.encoding_case() != tensorflow::TensorInfo::kName) {
    return absl::UnimplementedError("is a sparse or composite tensor");
  }
  const size_t colon = proto.name().rfind(':');
  int index = 0;
  if (colon != std::string::npos && !absl::SimpleAtoi(proto.name().substr(colon + 1), &index)) {
    return absl::InvalidArgumentError(absl::StrCat("has a malformed tensor name ", proto.name()));
  }
  TF_Operation* operation = TF_GraphOperationByName(graph, proto.name().substr(0, colon).c_str());
  if (operation == nullptr || index < 0 || index >= TF_OperationNumOutputs(operation)) {
    return absl::NotFoundError(absl::StrCat("names ", proto.name(), ", which is not in the graph"));
  }
  return TF_Output{operation, index};
}

TensorInfo Describe(const std::string& alias, const tensorflow::TensorInfo& proto) {
  TensorInfo info;
  info.alias = alias;
  info.tensor_name = proto.name();
  info.type = static_cast<TF_DataType>(proto.dtype());
  if (proto.has_tensor_shape() && !proto.tensor_shape().unknown_rank()) {
    info.shape.emplace();
    for (const auto& dim : proto.tensor_shape().dim()) info.shape->push_back(dim.size());
  }
  return info;
}

absl::Status About(const std::string& alias, const absl::Status& error) {
  return absl::Status(error.code(), absl::StrCat("\"", alias, "\" ", error.message()));
}

using TensorInfoProtos = google::protobuf::Map<std::string, tensorflow::TensorInfo>;

void SortByAlias(std::vector<TensorInfo>* infos) {
  std::sort(infos->begin(), infos->end(), [](const TensorInfo& a, const TensorInfo& b) { return a.alias < b.alias; });
}

// A signature is run with all of its inputs.
absl::StatusOr<std::vector<TensorInfo>> ResolveInputs(const TensorInfoProtos& protos, TF_Graph* graph) {
  std::vector<TensorInfo> infos;
  infos.reserve(protos.size());
  for (const auto& entry : protos) {
    const auto found = Find(entry.second, graph);
    if (!found.ok()) return About(entry.first, found.status());
    infos.push_back(Describe(entry.first, entry.second));
    infos.back().output = *found;
  }
  SortByAlias(&infos);
  return infos;
}

// A signature is run for some of its outputs: one that cannot be sent takes nothing from the others.
absl::StatusOr<std::vector<TensorInfo>> ResolveOutputs(const TensorInfoProtos& protos, TF_Graph* graph) {
  std::vector<TensorInfo> infos;
  infos.reserve(protos.size());
  // Of the first by alias: the map has no order.
  absl::Status problem;
  std::string problem_alias;
  bool has_sendable = protos.empty();
  for (const auto& entry : protos) {
    infos.push_back(Describe(entry.first, entry.second));
    TensorInfo& info = infos.back();
    auto found = Find(entry.second, graph);
    if (found.ok() && (info.type == TF_RESOURCE || info.type == TF_VARIANT)) {
      found = absl::UnimplementedError(absl::StrCat("is of type ", DataTypeName(info.type)));
    }
    if (found.ok()) {
      info.output = *found;
      has_sendable = true;
    } else {
      info.unsendable = std::string(found.status().message());
      if (problem.ok() || info.alias < problem_alias) {
        problem = About(info.alias, found.status());
        problem_alias = info.alias;
      }
    }
  }
  if (!has_sendable) return problem;
  SortByAlias(&infos);
  return infos;
}

absl::Status SetDefaults(const tensorflow::SignatureDef& signature, std::vector<TensorInfo>* inputs) {
  for (const auto& entry : signature.defaults()) {
    const int position = Signature::Find(*inputs, entry.first);
    if (position < 0) continue;
    TensorInfo& info = (*inputs)[static_cast<size_t>(position)];
    std::string bytes = entry.second.SerializeAsString();
    const auto tensor = ParseTensorProto(bytes);
    if (!tensor.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the default value of \"", info.alias, "\" is no tensor: ", tensor.status().message()));
    }
    info.default_value = std::move(bytes);
  }
  return absl::OkStatus();
}

// The first that any of the outputs has.
std::string EffectOf(const Signature& signature, const GraphEffects& effects) {
  for (const TensorInfo& output : signature.outputs) {
    // Nobody can ask for it.
    if (!output.unsendable.empty()) continue;
    const std::string& effect =
        effects.EffectOf(absl::string_view(output.tensor_name).substr(0, output.tensor_name.rfind(':')));
    if (!effect.empty()) return effect;
  }
  return "";
}

}  // namespace

bool TensorInfo::Accepts(absl::Span<const int64_t> dims) const {
  if (!shape) return true;
  return shape->size() == dims.size() &&
         std::equal(dims.begin(), dims.end(), shape->begin(),
                    [](int64_t found, int64_t expected) { return expected < 0 || found == expected; });
}

std::vector<int> Signature::SendableOutputs() const {
  std::vector<int> positions;
  positions.reserve(outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].unsendable.empty()) positions.push_back(static_cast<int>(i));
  }
  return positions;
}

int Signature::Find(const std::vector<TensorInfo>& tensors, absl::string_view alias) {
  // A handful at most: a walk beats a map.
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].alias == alias) return static_cast<int>(i);
  }
  return -1;
}

std::string Signatures::Choices() const {
  const auto name = [](std::string* out, const auto& signature) { out->append(signature.first); };
  return absl::StrCat(" (signatures: ", absl::StrJoin(by_name, ", ", name), ")");
}

absl::StatusOr<Signatures> ReadSignatures(absl::string_view meta_graph_def, TF_Graph* graph) {
  Signatures signatures;
  auto extracted = ExtractSignatureDefMap(meta_graph_def);
  if (!extracted.ok()) return extracted.status();
  tensorflow::serving::SignatureDefMap map;
  if (!map.ParseFromString(*extracted)) return absl::DataLossError("the model's signatures are malformed");
  signatures.signature_def_map = *std::move(extracted);
  signatures.features = ReadExampleFeatures(meta_graph_def);

  for (const auto& entry : map.signature_def()) {
    if (entry.first == kInitOpSignature) continue;
    auto inputs = ResolveInputs(entry.second.inputs(), graph);
    auto outputs = ResolveOutputs(entry.second.outputs(), graph);
    if (!inputs.ok() || !outputs.ok()) {
      signatures.unsupported[entry.first] = inputs.ok() ? outputs.status() : inputs.status();
      continue;
    }
    const absl::Status defaults = SetDefaults(entry.second, &*inputs);
    if (!defaults.ok()) {
      signatures.unsupported[entry.first] = defaults;
      continue;
    }
    Signature& served = signatures.by_name[entry.first];
    served.name = entry.first;
    served.method_name = entry.second.method_name();
    served.inputs = *std::move(inputs);
    served.outputs = *std::move(outputs);
  }
  const GraphEffects effects(meta_graph_def, KindsOf(graph));
  for (auto& entry : signatures.by_name) entry.second.effect = EffectOf(entry.second, effects);
  return signatures;
}

}  // namespace trilho
