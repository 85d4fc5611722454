// Records of warm-up files and request logs, and the files around them.

#include <sys/mman.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "cpp_server/fuzz/fuzz_target.h"
#include "cpp_server/tfrecord/crc32c.h"
#include "cpp_server/tfrecord/record_reader.h"
#include "cpp_server/warmup/prediction_log.h"
#include "tensorflow_serving/apis/prediction_log.pb.h"

namespace trilho {
namespace {

using tensorflow::serving::PredictionLog;

void FuzzRecord(absl::string_view bytes) {
  const auto view = ReadPredictionLog(bytes);
  PredictionLog log;
  // Protobuf looks into requests, and so refuses more; and it skips known fields of another wire type, which are
  // refused here.
  if (!view.ok() || !log.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  const auto kind = log.log_type_case() == PredictionLog::LOG_TYPE_NOT_SET
                        ? PredictionLogField::kMetadata
                        : static_cast<PredictionLogField>(log.log_type_case());
  FuzzRequire(view->kind == kind, "as the same kind of log");
  if (kind != PredictionLogField::kPredict) return;
  std::string merged;
  for (const absl::string_view part : view->request) absl::StrAppend(&merged, part);
  tensorflow::serving::PredictRequest request;
  FuzzRequire(request.ParseFromString(merged), "with a request that can be read");
  FuzzRequire(request.ByteSizeLong() == log.predict_log().request().ByteSizeLong(), "which is the same");
}

// Reads what is in memory as if it were a file.
void FuzzFile(absl::string_view bytes) {
  static const int file = memfd_create("fuzz", MFD_CLOEXEC);
  static const std::string& path = *std::make_unique<const std::string>(absl::StrCat("/proc/self/fd/", file)).release();
  FuzzRequire(ftruncate(file, 0) == 0, "the file can be emptied");
  FuzzRequire(pwrite(file, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()), "and written");
  const auto reader = RecordReader::Open(path);
  FuzzRequire(reader.ok(), "it can be opened");
  std::string record;
  for (;;) {
    const auto more = (*reader)->Read(&record);
    if (!more.ok() || !*more) break;
    FuzzRequire(record.size() <= bytes.size(), "no record is larger than its file");
    FuzzRecord(record);
  }
  FuzzRequire((*reader)->offset() <= static_cast<int64_t>(bytes.size()), "nothing is read behind the end");
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  std::vector<std::string> seeds;
  PredictionLog log;
  log.mutable_log_metadata()->mutable_model_spec()->set_name("m");
  auto* const predict = log.mutable_predict_log()->mutable_request();
  predict->mutable_model_spec()->set_signature_name("s");
  auto& tensor = (*predict->mutable_inputs())["x"];
  tensor.set_dtype(tensorflow::DT_FLOAT);
  tensor.mutable_tensor_shape()->add_dim()->set_size(1);
  tensor.add_float_val(0.5F);
  seeds.push_back(log.SerializeAsString());
  // A field that comes again is merged.
  seeds.push_back(log.SerializeAsString() + log.SerializeAsString());
  log.mutable_classify_log()->mutable_request()->mutable_input()->mutable_example_list()->add_examples();
  seeds.push_back(log.SerializeAsString());
  log.mutable_regress_log()->mutable_request()->mutable_model_spec()->set_name("m");
  seeds.push_back(log.SerializeAsString());
  log.mutable_multi_inference_log()->mutable_request()->add_tasks()->set_method_name("tensorflow/serving/classify");
  seeds.push_back(log.SerializeAsString());
  std::vector<std::string> all;
  for (const std::string& record : seeds) {
    all.push_back(std::string("\0", 1) + record);
    // A file: a length, its checksum, the record, its checksum.
    std::string file = "\1";
    const uint64_t length = record.size();
    file.append(reinterpret_cast<const char*>(&length), sizeof(length));
    const uint32_t length_crc = MaskedCrc32c(file.substr(1));
    file.append(reinterpret_cast<const char*>(&length_crc), sizeof(length_crc));
    file += record;
    const uint32_t crc = MaskedCrc32c(record);
    file.append(reinterpret_cast<const char*>(&crc), sizeof(crc));
    all.push_back(file);
  }
  return all;
}

}  // namespace trilho

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trilho;  // NOLINT(google-build-using-namespace): libFuzzer's entry is outside of it
  if (size == 0) return 0;
  const absl::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  // One in sixteen: a file takes system calls.
  if (data[0] % 16 == 1) {
    FuzzFile(bytes);
  } else {
    FuzzRecord(bytes);
  }
  return 0;
}
