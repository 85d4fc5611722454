#include "cpp_server/access_log/access_log_line.h"

#include <chrono>
#include <cstddef>

#include "absl/strings/string_view.h"
#include "cpp_server/json/json_memory.h"
#include "cpp_server/utf8/utf8.h"

namespace trilho {
namespace {

// What gRPC's message is cut at, too.
constexpr size_t kMaxMessageBytes = 1024;
constexpr size_t kMaxNameBytes = 256;

class LineWriter {
 public:
  LineWriter() : json_(buffer_) { json_.StartObject(); }

  void Text(absl::string_view key, absl::string_view value, size_t max_bytes = kMaxNameBytes) {
    Key(key);
    const std::string valid = ValidUtf8(value, max_bytes);
    json_.String(valid.data(), static_cast<rapidjson::SizeType>(valid.size()));
  }

  void Number(absl::string_view key, int64_t value) {
    Key(key);
    json_.Int64(value);
  }

  void Null(absl::string_view key) {
    Key(key);
    json_.Null();
  }

  std::string Finish() {
    json_.EndObject();
    buffer_.Put('\n');
    return std::string(buffer_.GetString(), buffer_.GetSize());
  }

 private:
  void Key(absl::string_view key) { json_.Key(key.data(), static_cast<rapidjson::SizeType>(key.size())); }

  JsonBuffer buffer_;
  JsonWriter json_;
};

}  // namespace

std::string AccessLogLine(const InferenceRecord& record, absl::Time end) {
  LineWriter line;
  line.Text("time", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", end, absl::UTCTimeZone()));
  line.Text("model", record.model);
  if (record.version) {
    line.Number("version", *record.version);
  } else {
    line.Null("version");
  }
  line.Text("signature", record.signature);
  line.Text("method", record.method);
  line.Text("protocol", record.protocol == Protocol::kRest ? "rest" : "grpc");
  line.Text("code", absl::StatusCodeToString(record.status.code()));
  line.Text("message", absl::string_view(record.status.message()), kMaxMessageBytes);
  line.Number("duration_us", std::chrono::duration_cast<std::chrono::microseconds>(record.duration).count());
  line.Number("queued_us", record.times.queued);
  line.Number("run_us", record.times.run);
  line.Number("examples", record.examples);
  line.Text("trace_id", record.trace_id);
  line.Text("peer", record.peer);
  return line.Finish();
}

}  // namespace trilho
