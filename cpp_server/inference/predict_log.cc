#include "cpp_server/inference/predict_log.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/types/optional.h"
#include "cpp_server/wire/tensor_proto.h"
#include "cpp_server/wire/wire_writer.h"

namespace trilho {
namespace {

// Fields of PredictRequest, PredictResponse, ModelSpec, Int64Value and of a map's entries.
constexpr uint32_t kRequestModelSpec = 1, kRequestInputs = 2;
constexpr uint32_t kResponseOutputs = 1, kResponseModelSpec = 2;
constexpr uint32_t kSpecName = 1, kSpecVersion = 2, kSpecSignature = 3, kWrapped = 1;
constexpr uint32_t kEntryKey = 1, kEntryValue = 2;
// The shorter and the faster one, and the reader takes both.
constexpr TensorEncoding kEncoding = TensorEncoding::kTensorContent;

std::string ModelSpecBytes(absl::string_view model, absl::optional<int64_t> version, const std::string& signature) {
  WireWriter spec;
  spec.BytesField(kSpecName, model);
  if (version) {
    WireWriter wrapped;
    wrapped.VarintField(kWrapped, static_cast<uint64_t>(*version));
    spec.BytesField(kSpecVersion, std::move(wrapped).Release());
  }
  spec.BytesField(kSpecSignature, signature);
  return std::move(spec).Release();
}

void WriteEntry(uint32_t field, const std::string& alias, const Tensor& tensor, WireWriter* writer) {
  const size_t tensor_size = TensorProtoSize(tensor, kEncoding);
  const size_t entry_size =
      WireWriter::BytesFieldSize(kEntryKey, alias.size()) + WireWriter::BytesFieldSize(kEntryValue, tensor_size);
  writer->BeginBytes(field, entry_size);
  writer->BytesField(kEntryKey, alias);
  writer->BeginBytes(kEntryValue, tensor_size);
  WriteTensorProto(tensor, writer, kEncoding);
}

bool CanSerializeAll(const std::vector<Tensor>& tensors) {
  return std::all_of(tensors.begin(), tensors.end(), [](const Tensor& tensor) { return CanSerialize(tensor.type()); });
}

}  // namespace

RunDone KeepAsPredict(RequestLogEntry* log, absl::string_view model, int64_t version, const Signature& signature,
                      const std::vector<Tensor>& inputs, const std::vector<int>& outputs, RunDone done) {
  if (!CanSerializeAll(inputs)) return done;
  log->SetRequest(PredictionLogField::kPredict, model, [&] {
    WireWriter request;
    request.BytesField(kRequestModelSpec, ModelSpecBytes(model, absl::nullopt, signature.name));
    for (size_t i = 0; i < inputs.size(); ++i) {
      WriteEntry(kRequestInputs, signature.inputs[i].alias, inputs[i], &request);
    }
    return std::move(request).Release();
  });
  if (!log->has_request()) return done;
  return [log, model = std::string(model), version, &signature, outputs,
          done = std::move(done)](absl::StatusOr<RunResult> result) {
    if (result.ok() && CanSerializeAll(result->outputs)) {
      log->SetResponse([&] {
        WireWriter response;
        for (size_t i = 0; i < outputs.size(); ++i) {
          const std::string& alias = signature.outputs[static_cast<size_t>(outputs[i])].alias;
          WriteEntry(kResponseOutputs, alias, result->outputs[i], &response);
        }
        response.BytesField(kResponseModelSpec, ModelSpecBytes(model, version, signature.name));
        return std::move(response).Release();
      });
    }
    done(std::move(result));
  };
}

void RunLogged(const Predictor& predictor, ResolvedSignature resolved, std::vector<Tensor> inputs,
               std::vector<int> outputs, InputShapes shapes, const CallContext& context, InferenceRecord* record,
               RunDone done) {
  done = KeepAsPredict(&record->log, resolved.name, resolved.model.version(), *resolved.signature, inputs, outputs,
                       std::move(done));
  predictor.Run(std::move(resolved), std::move(inputs), std::move(outputs), shapes, context, std::move(done));
}

}  // namespace trilho
