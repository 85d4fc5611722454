#include "cpp_server/status_page/status_page.h"

#include <unistd.h>

#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "cpp_server/config/version.h"
#include "cpp_server/json/json_document.h"
#include "cpp_server/json/json_memory.h"
#include "cpp_server/status_page/embedded.h"
#include "cpp_server/status_page/open_api.h"
#include "cpp_server/utf8/utf8.h"

namespace trilho {
namespace {

using Writer = JsonWriter;

constexpr char kPage[] = "/";
constexpr char kStatus[] = "/statusz";
constexpr char kOpenApiPath[] = "/openapi.json";

// Reasons may hold whatever was in a broken file.
void Put(Writer* writer, const std::string& key, const std::string& text) {
  const std::string valid_key = ValidUtf8(key), valid = ValidUtf8(text);
  writer->Key(valid_key.data(), static_cast<rapidjson::SizeType>(valid_key.size()));
  writer->String(valid.data(), static_cast<rapidjson::SizeType>(valid.size()));
}

void Put(Writer* writer, const char* key, int64_t number) {
  writer->Key(key);
  writer->Int64(number);
}

void Put(Writer* writer, const char* key, bool yes) {
  writer->Key(key);
  writer->Bool(yes);
}

// 0 where it cannot be read.
int64_t ResidentBytes() {
  int64_t size = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

// Versions as text: a number of JavaScript's does not hold every one.
void PutLabels(const char* key, const google::protobuf::Map<std::string, int64_t>& labels, Writer* writer) {
  writer->Key(key);
  writer->StartObject();
  for (const auto& label : labels) Put(writer, label.first, std::to_string(label.second));
  writer->EndObject();
}

void PutModel(const management::Model& model, Writer* writer) {
  writer->StartObject();
  Put(writer, "name", model.name());
  Put(writer, "base_path", model.base_path());
  Put(writer, "problem", model.problem());
  PutLabels("labels", model.labels(), writer);
  PutLabels("waiting_labels", model.waiting_labels(), writer);
  writer->Key("versions");
  writer->StartArray();
  for (const management::ModelVersion& version : model.versions()) {
    writer->StartObject();
    Put(writer, "version", std::to_string(version.version()));
    Put(writer, "state", version.state());
    Put(writer, "error_code", version.error_code());
    Put(writer, "error_message", version.error_message());
    writer->EndObject();
  }
  writer->EndArray();
  writer->EndObject();
}

void PutLatency(const LatencyStatistics& latency, Writer* writer) {
  writer->StartObject();
  Put(writer, "count", static_cast<int64_t>(latency.count));
  Put(writer, "errors", static_cast<int64_t>(latency.errors));
  Put(writer, "p50_micros", int64_t{latency.p50.count()});
  Put(writer, "p99_micros", int64_t{latency.p99.count()});
  writer->EndObject();
}

HttpResponse Json(const char* body, size_t size) {
  HttpResponse response;
  response.body.assign(body, size);
  response.headers = {{"X-Content-Type-Options", "nosniff"}, {"Cache-Control", "no-store"}};
  return response;
}

}  // namespace

std::vector<HttpRoute> StatusPage::Routes() const {
  const auto endpoint = [this](HttpResponse (StatusPage::*document)() const) {
    HttpEndpoint made;
    made.handle = [this, document](const std::shared_ptr<HttpCall>& call) { call->Reply((this->*document)()); };
    return made;
  };
  HttpEndpoint page = endpoint(&StatusPage::Page);
  page.is_open = true;
  return {GetRoute(kPage, std::move(page)), GetRoute(kStatus, endpoint(&StatusPage::Status)),
          GetRoute(kOpenApiPath, endpoint(&StatusPage::OpenApi))};
}

HttpResponse StatusPage::Page() const {
  HttpResponse response;
  response.content_type = "text/html; charset=utf-8";
  response.body = kPageHtml;
  response.headers = {{"Content-Security-Policy", kPagePolicy},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cache-Control", "no-cache"}};
  return response;
}

HttpResponse StatusPage::Status() const {
  const management::ListModelsResponse models = ListModels(options_.managed);
  JsonBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  writer.Key("server");
  writer.StartObject();
  Put(&writer, "version", std::string(kVersion));
  Put(&writer, "ready", options_.ready());
  const auto uptime = std::chrono::steady_clock::now() - begin_;
  Put(&writer, "uptime_seconds", int64_t{std::chrono::duration_cast<std::chrono::seconds>(uptime).count()});
  Put(&writer, "resident_bytes", ResidentBytes());
  Put(&writer, "generation", static_cast<int64_t>(models.generation()));
  writer.EndObject();
  writer.Key("warnings");
  writer.StartArray();
  for (const std::string& warning : options_.warnings ? options_.warnings() : std::vector<std::string>()) {
    writer.String(warning.data(), static_cast<rapidjson::SizeType>(warning.size()));
  }
  writer.EndArray();
  Put(&writer, "infers", options_.infers);
  Put(&writer, "step_seconds", int64_t{ModelStatistics::kStep.count()});
  writer.Key("models");
  writer.StartArray();
  for (const management::Model& model : models.models()) PutModel(model, &writer);
  writer.EndArray();
  writer.Key("statistics");
  writer.StartArray();
  for (const RecentStatistics& recent : options_.statistics->Recent()) {
    writer.StartObject();
    Put(&writer, "model", recent.model);
    Put(&writer, "version", recent.version);
    writer.Key("window");
    PutLatency(recent.window, &writer);
    writer.Key("steps");
    writer.StartArray();
    for (const LatencyStatistics& step : recent.steps) PutLatency(step, &writer);
    writer.EndArray();
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();
  return Json(buffer.GetString(), buffer.GetSize());
}

HttpResponse StatusPage::OpenApi() const {
  const Contracts none;
  const Contracts& contracts = options_.contracts == nullptr || !options_.infers ? none : *options_.contracts;
  const std::string document = OpenApiDocument(*options_.managed.manager, contracts, options_.infers);
  return Json(document.data(), document.size());
}

}  // namespace trilho
