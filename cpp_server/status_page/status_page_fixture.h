// A status page over real models.

#ifndef TRILHO_CPP_SERVER_STATUS_PAGE_STATUS_PAGE_FIXTURE_H_
#define TRILHO_CPP_SERVER_STATUS_PAGE_STATUS_PAGE_FIXTURE_H_

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/http/fake_http_call.h"
#include "cpp_server/http/http_router.h"
#include "cpp_server/json/json_document.h"
#include "cpp_server/status_page/status_page.h"
#include "cpp_server/testing/served_models.h"
#include "gtest/gtest.h"

namespace trilho {

// A name that means something in HTML, in JSON and in paths.
constexpr char kOdd[] = "</script><b>\"odd\" \xc3\xa9/{x}";

// half_plus_two, with version 2 and the label "stable"; mnist_like; census_like; pieces; half_plus_two under an odd
// name; and one whose version 1 does not load.
class StatusPageTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    models_ = new ServedModels;
    ASSERT_TRUE(models_->Serve("half", "half_plus_two", {1, 2}));
    ASSERT_TRUE(models_->Serve("mnist", "mnist_like", {1}));
    ASSERT_TRUE(models_->Serve("census", "census_like", {1}));
    ASSERT_TRUE(models_->Serve("pieces", "pieces", {1}));
    ASSERT_TRUE(models_->Serve(kOdd, "half_plus_two", {1}));
    // Two names that a schema has no different names for.
    ASSERT_TRUE(models_->Serve("a b", "half_plus_two", {1}));
    ASSERT_TRUE(models_->Serve("a_b", "mnist_like", {1}));
    AspiredVersions broken;
    broken.model = "broken";
    broken.aspired = {{1, "/no/such/model\xff"}};
    models_->manager()->SetAspiredVersions(broken);
    ASSERT_FALSE(models_->manager()->WaitUntilSettled({"broken"}, std::chrono::minutes(1)));
  }
  static void TearDownTestSuite() {
    delete models_;
    models_ = nullptr;
  }

  StatusPageTest()
      : configuration_([](const std::vector<ModelSettings>&) { return absl::OkStatus(); }),
        labels_(models_->manager()) {
    tensorflow::serving::ModelServerConfig config;
    for (const char* const name : {"half", kOdd, "broken"}) {
      auto* const model = config.mutable_model_config_list()->add_config();
      model->set_name(name);
      model->set_base_path(absl::StrCat("/models/", name));
      model->set_model_platform("tensorflow");
    }
    EXPECT_TRUE(configuration_.Set(config, nullptr).ok());
    labels_.Set({{"half", {{"stable", 1}}}, {kOdd, {{"<i>", int64_t{1} << 60}}}});
    options_.managed.configuration = &configuration_;
    options_.managed.manager = models_->manager();
    options_.managed.labels = &labels_;
    options_.managed.problems = [] {
      return std::map<std::string, std::string>{{"half", ""}, {"broken", "no \"folder\"\xff"}};
    };
    options_.statistics = &statistics_;
    options_.ready = [this] { return ready_; };
    options_.warnings = [] { return std::vector<std::string>{"a certificate has expired"}; };
  }

  HttpResponse Get(const std::string& path) const {
    const StatusPage page(options_);
    return Answer(HttpRouter(page.Routes()), "GET", path);
  }

  JsonDocument GetJson(const std::string& path) const {
    const HttpResponse response = Get(path);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.content_type, "application/json");
    JsonDocument document;
    document.Parse<rapidjson::kParseValidateEncodingFlag>(response.body.data(), response.body.size());
    EXPECT_FALSE(document.HasParseError()) << response.body;
    return document;
  }

  static std::string Header(const HttpResponse& response, const std::string& name) {
    for (const auto& header : response.headers) {
      if (header.first == name) return header.second;
    }
    return "";
  }

  inline static ServedModels* models_ = nullptr;
  ModelConfiguration configuration_;
  LabelTable labels_;
  ModelStatistics statistics_;
  bool ready_ = true;
  StatusPage::Options options_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_STATUS_PAGE_STATUS_PAGE_FIXTURE_H_
