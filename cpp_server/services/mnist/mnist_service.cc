#include "cpp_server/services/mnist/mnist_service.h"

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/wire/wire_reader.h"
#include "cpp_server/wire/wire_writer.h"

namespace trilho {
namespace {

constexpr char kModel[] = "mnist";
constexpr char kInput[] = "image_data";
constexpr char kOutput[] = "value";
constexpr int64_t kPixels = 784;
// The one field of ClassifyRequest and of ClassifyResponse.
constexpr uint32_t kImageData = 1;
constexpr uint32_t kValue = 1;

absl::Status CheckPixels(const float* pixels) {
  for (int64_t i = 0; i < kPixels; ++i) {
    // Written so that NaN fails.
    if (!(pixels[i] >= 0.0f && pixels[i] <= 1.0f)) {
      return absl::InvalidArgumentError(absl::StrCat("image_data[", i, "] is ", pixels[i], ", expected 0 to 1"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Tensor> ReadImage(absl::string_view request) {
  auto tensor = Tensor::Allocate(TF_FLOAT, {1, kPixels});
  if (!tensor.ok()) return tensor.status();
  float* const pixels = tensor->data<float>();
  int64_t count = 0;
  const auto append = [&](const char* bytes, size_t values) {
    // An empty field's bytes may be at a null pointer.
    if (values > 0 && count + static_cast<int64_t>(values) <= kPixels) {
      std::memcpy(pixels + count, bytes, values * sizeof(float));
    }
    count += static_cast<int64_t>(values);
  };
  WireReader reader(request);
  bool whole = true;
  while (reader.NextField()) {
    if (reader.field() != kImageData) {
      reader.Skip();
    } else if (reader.type() == WireType::kLengthDelimited) {
      const absl::string_view packed = reader.Bytes();
      whole &= packed.size() % sizeof(float) == 0;
      append(packed.data(), packed.size() / sizeof(float));
    } else {
      const float value = reader.FixedField<float>();
      append(reinterpret_cast<const char*>(&value), 1);
    }
  }
  if (!reader.ok() || !whole) return absl::InvalidArgumentError("the request is not a trilho.mnist.ClassifyRequest");
  if (count != kPixels) {
    return absl::InvalidArgumentError(absl::StrCat("image_data has ", count, " values, expected ", kPixels));
  }
  const absl::Status checked = CheckPixels(pixels);
  if (!checked.ok()) return checked;
  return tensor;
}

void Classify(const Predictor& predictor, absl::string_view request, const CallContext& context,
              InferenceRecord* record, BytesDone done) {
  record->model = kModel;
  record->examples = 1;
  auto image = ReadImage(request);
  if (!image.ok()) return done(image.status());
  ModelSpec spec;
  spec.name = kModel;
  auto resolved = predictor.Resolve(spec);
  if (!resolved.ok()) {
    // The caller named no model, so that it can only try again.
    return done(absl::IsNotFound(resolved.status())
                    ? absl::UnavailableError(absl::StrCat("no version of the model \"", kModel, "\" is ready"))
                    : resolved.status());
  }
  const Signature& signature = *resolved->signature;
  record->version = resolved->model.version();
  record->signature = signature.name;
  const int output = Signature::Find(signature.outputs, kOutput);
  if (signature.inputs.size() != 1 || signature.inputs[0].alias != kInput || output < 0) {
    return done(
        absl::FailedPreconditionError(absl::StrCat("version ", resolved->model.version(), " of the model \"", kModel,
                                                   "\" has no signature from \"", kInput, "\" to \"", kOutput, "\"")));
  }
  std::vector<Tensor> inputs;
  inputs.push_back(*std::move(image));
  predictor.Run(*std::move(resolved), std::move(inputs), {output}, context,
                [record, done = std::move(done)](absl::StatusOr<RunResult> result) {
                  if (!result.ok()) return done(result.status());
                  record->times = result->times;
                  const Tensor& value = result->outputs.front();
                  if (value.type() != TF_FLOAT) return done(absl::InternalError("the model's scores are no floats"));
                  WireWriter writer;
                  writer.BytesField(kValue, {value.data<char>(), value.byte_size()});
                  done(std::move(writer).Release());
                });
}

}  // namespace

ServiceDefinition MnistService(const Predictor* predictor, const InferenceHooks* hooks) {
  ServiceDefinition service;
  service.name = "trilho.mnist.MnistService";
  service.methods.push_back(InferenceMethod(
      "Classify", hooks,
      [predictor](absl::string_view request, const CallContext& context, InferenceRecord* record, BytesDone done) {
        Classify(*predictor, request, context, record, std::move(done));
      }));
  return service;
}

}  // namespace trilho
