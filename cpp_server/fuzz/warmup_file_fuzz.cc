// Warm-up files of one record: what is replayed is what protobuf reads in a PredictionLog.

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/fuzz/fuzz_target.h"
#include "cpp_server/fuzz/memory_file.h"
#include "cpp_server/tfrecord/crc32c.h"
#include "cpp_server/tfrecord/record_header.h"
#include "cpp_server/warmup/warmup_file.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "tensorflow/core/example/example.pb.h"
#include "tensorflow_serving/apis/prediction_log.pb.h"

namespace trilho {
namespace {

using tensorflow::serving::PredictionLog;

// Maps in the order of their keys.
std::string Serialized(const google::protobuf::Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

// A version's folder, whose warm-up file is in memory, and handlers that keep what they were asked.
class Version {
 public:
  Version() {
    const std::filesystem::path file = std::filesystem::path(folder_.path()) / kWarmupFile;
    std::filesystem::create_directories(file.parent_path());
    std::filesystem::create_symlink(memory_.path(), file);
    handlers_.predict = [this](const auto& request) { return Keep(request); };
    handlers_.classify = [this](const auto& request) { return Keep(request); };
    handlers_.regress = [this](const auto& request) { return Keep(request); };
    handlers_.multi_inference = [this](const auto& request) { return Keep(request); };
  }

  // Checksums are right: mutations would not find them.
  absl::StatusOr<int> Replay(absl::string_view record) {
    asked_.clear();
    char header[kRecordHeaderSize];
    StoreLittleEndian(uint64_t{record.size()}, header);
    StoreLittleEndian(MaskedCrc32c({header, kRecordLengthSize}), header + kRecordLengthSize);
    char crc[kRecordCrcSize];
    StoreLittleEndian(MaskedCrc32c(record), crc);
    memory_.Write(absl::StrCat(absl::string_view(header, sizeof(header)), record, absl::string_view(crc, sizeof(crc))));
    return ReplayWarmupFile(folder_.path(), WarmupOptions(), handlers_);
  }

  // Of the last replay.
  const std::vector<std::string>& asked() const { return asked_; }

 private:
  absl::Status Keep(const google::protobuf::Message& request) {
    asked_.push_back(absl::StrCat(request.GetTypeName(), " ", Serialized(request)));
    return absl::OkStatus();
  }

  TemporaryFolder folder_;
  MemoryFile memory_;
  WarmupHandlers handlers_;
  std::vector<std::string> asked_;
};

// What is to be asked; null for a kind that is not replayed.
const google::protobuf::Message* RequestOf(const PredictionLog& log) {
  switch (log.log_type_case()) {
    case PredictionLog::kPredictLog:
      return &log.predict_log().request();
    case PredictionLog::kClassifyLog:
      return &log.classify_log().request();
    case PredictionLog::kRegressLog:
      return &log.regress_log().request();
    case PredictionLog::kMultiInferenceLog:
      return &log.multi_inference_log().request();
    default:
      return nullptr;
  }
}

void RequireSameAs(const PredictionLog& log, const absl::StatusOr<int>& replayed,
                   const std::vector<std::string>& asked) {
  const google::protobuf::Message* const request = RequestOf(log);
  if (request != nullptr) {
    FuzzRequire(replayed.ok() && *replayed == 1 && asked.size() == 1, "the request is replayed");
    FuzzRequire(asked[0] == absl::StrCat(request->GetTypeName(), " ", Serialized(*request)),
                "the request is what protobuf read");
  } else if (log.log_type_case() == PredictionLog::LOG_TYPE_NOT_SET) {
    FuzzRequire(replayed.ok() && *replayed == 0, "nothing is replayed");
  } else {
    FuzzRequire(absl::IsUnimplemented(replayed.status()), "other kinds are refused");
  }
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  PredictionLog log;
  log.mutable_log_metadata()->mutable_model_spec()->set_name("m");
  std::vector<std::string> seeds = {log.SerializeAsString()};
  auto& predict = *log.mutable_predict_log()->mutable_request();
  predict.mutable_model_spec()->set_name("m");
  predict.mutable_model_spec()->mutable_version()->set_value(3);
  tensorflow::TensorProto& x = (*predict.mutable_inputs())["x"];
  x.set_dtype(tensorflow::DT_FLOAT);
  x.mutable_tensor_shape()->add_dim()->set_size(2);
  x.set_tensor_content(std::string(8, '\x3f'));
  predict.add_output_filter("z");
  seeds.push_back(log.SerializeAsString());
  (*log.mutable_predict_log()->mutable_response()->mutable_outputs())["z"] = x;
  seeds.push_back(log.SerializeAsString() + log.SerializeAsString());

  tensorflow::Example example;
  (*example.mutable_features()->mutable_feature())["x"].mutable_float_list()->add_value(0.5f);
  auto& classify = *log.mutable_classify_log()->mutable_request();
  classify.mutable_model_spec()->set_signature_name("classify");
  *classify.mutable_input()->mutable_example_list()->add_examples() = example;
  seeds.push_back(log.SerializeAsString());
  auto& regress = *log.mutable_regress_log()->mutable_request();
  *regress.mutable_input()->mutable_example_list_with_context()->mutable_context() = std::move(example);
  seeds.push_back(log.SerializeAsString());
  auto& multi = *log.mutable_multi_inference_log()->mutable_request();
  multi.add_tasks()->set_method_name("tensorflow/serving/classify");
  seeds.push_back(log.SerializeAsString());
  log.mutable_session_run_log();
  seeds.push_back(log.SerializeAsString());
  log.mutable_predict_streamed_log();
  seeds.push_back(log.SerializeAsString());
  return seeds;
}

}  // namespace trilho

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trilho;  // NOLINT(google-build-using-namespace): libFuzzer's entry is outside of it
  static Version version;
  const auto replayed = version.Replay({reinterpret_cast<const char*>(data), size});
  PredictionLog log;
  if (!log.ParseFromArray(data, static_cast<int>(size))) return 0;
  if (absl::IsInvalidArgument(replayed.status())) {
    // Protobuf reads more: groups, and fields of another wire type as unknown ones.
    log.DiscardUnknownFields();
    const auto known = version.Replay(log.SerializeAsString());
    RequireSameAs(log, known, version.asked());
  } else {
    RequireSameAs(log, replayed, version.asked());
  }
  return 0;
}
