#include "cpp_server/kserve/kserve_service.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/admission/no_memory.h"
#include "cpp_server/advice/words.h"
#include "cpp_server/kserve/data_types.h"
#include "cpp_server/kserve/infer.h"
#include "cpp_server/kserve/kserve_metadata.h"
#include "cpp_server/kserve/raw_tensor.h"
#include "cpp_server/kserve/tensor_contents.h"
#include "kserve/open_inference.pb.h"

namespace trilho {
namespace {

using inference::ModelInferRequest;
using inference::ModelInferResponse;

absl::Status AboutInput(const std::string& name, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat("input \"", name, "\": ", status.message()));
}

// `raw` is null if the request has its tensors in contents.
absl::StatusOr<Tensor> ReadInput(const ModelInferRequest::InferInputTensor& input, const std::string* raw) {
  const auto type = KServeType(input.datatype());
  if (!type.ok()) return type.status();
  const std::vector<int64_t> dims(input.shape().begin(), input.shape().end());
  if (raw == nullptr) return ReadContents(*type, dims, input.contents());
  if (input.has_contents()) {
    return absl::InvalidArgumentError("contents must not be set where raw_input_contents is");
  }
  return ReadRawTensor(*type, dims, *raw);
}

absl::StatusOr<InferRequest> ReadRequest(const ModelInferRequest& message) {
  InferRequest request;
  request.model = message.model_name();
  request.version = message.model_version();
  const auto signature = message.parameters().find(kSignatureParameter);
  if (signature != message.parameters().end()) {
    // Else the default signature would answer in place of what was meant.
    if (!signature->second.has_string_param()) {
      return absl::InvalidArgumentError(absl::StrCat("parameter \"", kSignatureParameter, "\" must be a string_param"));
    }
    request.signature_name = signature->second.string_param();
  }
  const int raw = message.raw_input_contents_size();
  if (raw != 0 && raw != message.inputs_size()) {
    return absl::InvalidArgumentError(absl::StrCat("raw_input_contents has ", Counted(raw, "entry", "entries"), " for ",
                                                   Counted(message.inputs_size(), "input")));
  }
  for (int i = 0; i < message.inputs_size(); ++i) {
    const auto& input = message.inputs(i);
    auto tensor = ReadInput(input, raw == 0 ? nullptr : &message.raw_input_contents(i));
    if (!tensor.ok()) return AboutInput(input.name(), tensor.status());
    request.inputs.push_back({input.name(), *std::move(tensor)});
  }
  for (const auto& output : message.outputs()) request.outputs.push_back(output.name());
  return request;
}

constexpr int64_t kMaxMessageBytes = std::numeric_limits<int>::max();

absl::Status TooLarge() {
  return absl::ResourceExhaustedError(
      absl::StrCat("the outputs do not fit into a message, which has ", kMaxMessageBytes, " bytes at most"));
}

absl::StatusOr<std::string> WriteResponse(const std::string& model, const std::string& id, bool raw,
                                          const InferResult& result) {
  ModelInferResponse response;
  response.set_model_name(model);
  response.set_model_version(absl::StrCat(result.version));
  response.set_id(id);
  const auto has_no_field = [](const KServeTensor& output) { return !HasContentsField(output.tensor.type()); };
  raw = raw || std::any_of(result.outputs.begin(), result.outputs.end(), has_no_field);
  for (const KServeTensor& named : result.outputs) {
    if (named.tensor.num_elements() > kMaxMessageBytes) return TooLarge();
    ModelInferResponse::InferOutputTensor* const output = response.add_outputs();
    output->set_name(named.name);
    output->set_datatype(KServeTypeName(named.tensor.type()));
    for (const int64_t dim : named.tensor.dims()) output->add_shape(dim);
    if (!raw) {
      WriteContents(named.tensor, output->mutable_contents());
      continue;
    }
    auto bytes = WriteRawTensor(named.tensor);
    if (!bytes.ok()) return bytes;
    *response.add_raw_output_contents() = *std::move(bytes);
  }
  std::string bytes;
  if (!response.SerializeToString(&bytes)) return TooLarge();
  return bytes;
}

void ModelInfer(const Predictor& predictor, absl::string_view bytes, const CallContext& context,
                InferenceRecord* record, BytesDone done) {
  ModelInferRequest message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return done(absl::InvalidArgumentError("the request is not " + WithArticle(message.GetTypeName())));
  }
  record->model = message.model_name();
  auto request = ReadRequest(message);
  if (!request.ok()) return done(request.status());
  Infer(predictor, *std::move(request), context, record,
        [model = message.model_name(), id = message.id(), raw = message.raw_input_contents_size() > 0,
         done = std::move(done)](const absl::StatusOr<InferResult>& result) {
          if (!result.ok()) return done(result.status());
          done(OrNoMemory([&] { return WriteResponse(model, id, raw, *result); }));
        });
}

// A control method that answers with what `ask` returns of the request.
template <typename Request, typename Response, typename Ask>
UnaryMethod AskingMethod(std::string name, Ask ask) {
  return MessageMethod<Request, Response>(std::move(name), [ask](const Request& request, Response* response) {
    absl::StatusOr<Response> answer = ask(request);
    if (!answer.ok()) return answer.status();
    *response = *std::move(answer);
    return absl::OkStatus();
  });
}

// The methods that are Triton's and not the protocol's.
std::vector<UnaryMethod> Extensions(const Predictor* predictor, const InferenceHooks* hooks,
                                    const KServeRepository* repository) {
  const auto refuse = [repository](const auto&, auto*) { return repository->LoadRefused(); };
  return {
      DescriptionMethod<inference::ModelConfigRequest, inference::ModelConfigResponse>(
          "ModelConfig", hooks,
          [predictor](const auto& request, auto* response) {
            auto config = KServeModelConfig(*predictor, request.name(), request.version());
            if (!config.ok()) return config.status();
            *response->mutable_config() = *std::move(config);
            return absl::OkStatus();
          }),
      AskingMethod<inference::ModelStatisticsRequest, inference::ModelStatisticsResponse>(
          "ModelStatistics",
          [repository](const auto& request) { return repository->Statistics(request.name(), request.version()); }),
      AskingMethod<inference::RepositoryIndexRequest, inference::RepositoryIndexResponse>(
          "RepositoryIndex", [repository](const auto& request) { return repository->Index(request.ready()); }),
      MessageMethod<inference::RepositoryModelLoadRequest, inference::RepositoryModelLoadResponse>(
          "RepositoryModelLoad", refuse),
      MessageMethod<inference::RepositoryModelUnloadRequest, inference::RepositoryModelUnloadResponse>(
          "RepositoryModelUnload", refuse),
  };
}

}  // namespace

ServiceDefinition KServeService(const Predictor* predictor, const Manager* manager, const InferenceHooks* hooks,
                                const KServeRepository* repository, std::function<bool()> ready,
                                std::function<bool()> stopping) {
  UnaryMethod live = MessageMethod<inference::ServerLiveRequest, inference::ServerLiveResponse>(
      "ServerLive", [](const auto&, auto* response) {
        response->set_live(true);
        return absl::OkStatus();
      });
  UnaryMethod server_ready = MessageMethod<inference::ServerReadyRequest, inference::ServerReadyResponse>(
      "ServerReady", [ready = std::move(ready)](const auto&, auto* response) {
        response->set_ready(ready());
        return absl::OkStatus();
      });
  UnaryMethod model_ready = MessageMethod<inference::ModelReadyRequest, inference::ModelReadyResponse>(
      "ModelReady", [predictor, stopping = std::move(stopping)](const auto& request, auto* response) {
        response->set_ready(!(stopping && stopping()) &&
                            KServeModelReady(*predictor, request.name(), request.version()).ok());
        return absl::OkStatus();
      });
  // Whoever probes them over REST needs no token either.
  live.is_open = server_ready.is_open = model_ready.is_open = true;
  ServiceDefinition service;
  service.name = "inference.GRPCInferenceService";
  service.methods = {
      std::move(live),
      std::move(server_ready),
      std::move(model_ready),
      MessageMethod<inference::ServerMetadataRequest, inference::ServerMetadataResponse>(
          "ServerMetadata",
          [](const auto&, auto* response) {
            *response = KServeServerMetadata();
            return absl::OkStatus();
          }),
      DescriptionMethod<inference::ModelMetadataRequest, inference::ModelMetadataResponse>(
          "ModelMetadata", hooks,
          [predictor, manager](const auto& request, auto* response) {
            auto metadata = KServeModelMetadata(*predictor, *manager, request.name(), request.version());
            if (!metadata.ok()) return metadata.status();
            *response = *std::move(metadata);
            return absl::OkStatus();
          }),
      InferenceMethod(
          "ModelInfer", hooks,
          [predictor](absl::string_view request, const CallContext& context, InferenceRecord* record, BytesDone done) {
            ModelInfer(*predictor, request, context, record, std::move(done));
          }),
  };
  for (UnaryMethod& extension : Extensions(predictor, hooks, repository)) {
    service.methods.push_back(std::move(extension));
  }
  return service;
}

}  // namespace trilho
