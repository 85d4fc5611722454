// What is changed while the server runs, by TF Serving's RPC and by Trilho's own.

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <utility>

#include "cpp_server/server/model_server_fixture.h"
#include "cpp_server/testing/no_more_threads.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tensorflow_serving/apis/model_service.grpc.pb.h"
#include "trilho/management.grpc.pb.h"

namespace trilho {
namespace {

using management::AddModelRequest;
using management::Configuration;
using management::ListModelsRequest;
using management::ListModelsResponse;
using management::ModelManagementService;
using management::RemoveModelRequest;
using tensorflow::serving::ModelService;
using tensorflow::serving::ReloadConfigRequest;
using tensorflow::serving::ReloadConfigResponse;
using ::testing::HasSubstr;

constexpr float kInvalidArgument = -3;
constexpr float kNotFound = -5;

// The threads of this process.
size_t CountThreads() {
  size_t threads = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) threads += entry.exists() ? 1 : 0;
  return threads;
}

class ReloadTest : public ModelServerFixture {
 protected:
  std::string Read(const std::string& file) const {
    std::ifstream in(folder_.Path(file), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  ReloadConfigRequest Listing(const std::vector<std::string>& names) const {
    ReloadConfigRequest request;
    request.mutable_config()->mutable_model_config_list();
    for (const std::string& name : names) {
      *request.mutable_config()->mutable_model_config_list()->add_config() = ConfigFor(name);
    }
    return request;
  }
  static grpc::Status Reload(const ModelServer& server, const ReloadConfigRequest& request) {
    grpc::ClientContext context;
    ReloadConfigResponse response;
    return ModelService::NewStub(LocalChannel(server.port()))->HandleReloadConfigRequest(&context, request, &response);
  }
  static grpc::Status Add(const ModelServer& server, const AddModelRequest& request, Configuration* answer) {
    grpc::ClientContext context;
    return ModelManagementService::NewStub(LocalChannel(server.port()))->AddModel(&context, request, answer);
  }
  static grpc::Status Remove(const ModelServer& server, const RemoveModelRequest& request, Configuration* answer) {
    grpc::ClientContext context;
    return ModelManagementService::NewStub(LocalChannel(server.port()))->RemoveModel(&context, request, answer);
  }
  static ListModelsResponse List(const ModelServer& server) {
    grpc::ClientContext context;
    ListModelsResponse response;
    const auto stub = ModelManagementService::NewStub(LocalChannel(server.port()));
    EXPECT_TRUE(stub->ListModels(&context, ListModelsRequest(), &response).ok());
    return response;
  }
};

TEST_F(ReloadTest, AnswersWhenTheNewModelsCanBeAsked) {
  Publish("a", 1);
  Publish("b", 2);
  const auto server = Started(OptionsFor({"a"}));
  ASSERT_NE(server, nullptr);
  const grpc::Status status = Reload(*server, Listing({"a", "b"}));
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(Ask(*server, "a"), 4);
  EXPECT_EQ(Ask(*server, "b"), 5);
}

TEST_F(ReloadTest, AModelThatIsNotListedAnyMoreIsUnloaded) {
  Publish("a", 1);
  Publish("b", 1);
  const auto server = Started(OptionsFor({"a", "b"}));
  ASSERT_NE(server, nullptr);
  ASSERT_TRUE(Reload(*server, Listing({"b"})).ok());
  while (Ask(*server, "a") != kNotFound) std::this_thread::yield();
  EXPECT_EQ(Ask(*server, "b"), 4);
  ASSERT_TRUE(Reload(*server, Listing({"a", "b"})).ok());
  EXPECT_EQ(Ask(*server, "a"), 4);
}

TEST_F(ReloadTest, ABadConfigurationChangesNothing) {
  Publish("a", 1);
  Publish("a", 2);
  Publish("b", 1);
  ModelServer::Options options = OptionsFor({"a"});
  options.config_state_file = folder_.Path("state");
  auto* const a = options.models.mutable_model_config_list()->mutable_config(0);
  a->mutable_model_version_policy()->mutable_all();
  (*a->mutable_version_labels())["stable"] = 1;
  auto server = Started(options);
  ASSERT_NE(server, nullptr);
  const std::string state = Read("state");
  EXPECT_THAT(state, HasSubstr("stable"));

  // Besides what is wrong, it moves the label, logs requests and adds a model.
  (*a->mutable_version_labels())["stable"] = 2;
  a->mutable_logging_config()->mutable_sampling_config()->set_sampling_rate(1);
  a->mutable_logging_config()->mutable_log_collector_config()->set_filename_prefix(folder_.Path("requests"));
  ReloadConfigRequest sound = Listing({});
  *sound.mutable_config() = options.models;
  *sound.mutable_config()->mutable_model_config_list()->add_config() = ConfigFor("b");
  ReloadConfigRequest twice = sound;
  *twice.mutable_config()->mutable_model_config_list()->add_config() = ConfigFor("b");
  ReloadConfigRequest platform = sound;
  platform.mutable_config()->mutable_model_config_list()->mutable_config(0)->set_model_platform("caffe");
  ReloadConfigRequest new_platform = sound;
  new_platform.mutable_config()->mutable_model_config_list()->mutable_config(1)->set_model_platform("caffe");
  ReloadConfigRequest log = sound;
  log.mutable_config()
      ->mutable_model_config_list()
      ->mutable_config(0)
      ->mutable_logging_config()
      ->mutable_log_collector_config()
      ->set_filename_prefix("relative");
  ReloadConfigRequest log_inside = log;
  log_inside.mutable_config()
      ->mutable_model_config_list()
      ->mutable_config(0)
      ->mutable_logging_config()
      ->mutable_log_collector_config()
      ->set_filename_prefix(folder_.Path("b/1/log"));
  const std::pair<ReloadConfigRequest, std::string> bad[] = {
      {twice, "Illegal to list model b multiple times in config list"},
      {platform,
       "Illegal to change a model's platform. For model a platform was tensorflow and new platform requested is caffe"},
      {new_platform, "Model b requests unsupported platform caffe"},
      {log, "relative"},
      {log_inside, "lies in the folder of model b"},
      {ReloadConfigRequest(), "Only ModelConfigList is currently supported"},
  };
  for (const auto& [request, text] : bad) {
    const grpc::Status status = Reload(*server, request);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << text;
    EXPECT_THAT(status.error_message(), HasSubstr(text));
    EXPECT_EQ(Ask(*server, "a"), 5) << text;
    EXPECT_EQ(Ask(*server, "a", "stable"), 4) << text;
    EXPECT_EQ(Ask(*server, "b"), kNotFound) << text;
    EXPECT_EQ(List(*server).generation(), 1u) << text;
    EXPECT_EQ(Read("state"), state) << text;
  }
  // What was logged of those calls would be in its file then.
  server.reset();
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    EXPECT_THAT(entry.path().filename().string(), ::testing::AnyOf("a", "b", "state"));
  }

  server = Started(options);
  ASSERT_NE(server, nullptr);
  EXPECT_TRUE(Reload(*server, sound).ok()) << "without the mistake all of it counts";
  EXPECT_EQ(Ask(*server, "a", "stable"), 5);
  EXPECT_EQ(Ask(*server, "b"), 4);
}

TEST_F(ReloadTest, SaysWhichModelDidNotBecomeAvailable) {
  Publish("a", 1);
  const auto server = Started(OptionsFor({"a"}));
  ASSERT_NE(server, nullptr);
  const grpc::Status status = Reload(*server, Listing({"a", "missing"}));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNKNOWN);
  EXPECT_THAT(status.error_message(), HasSubstr("1 model(s) did not become available: {{missing due to error: "));
  EXPECT_EQ(Ask(*server, "a"), 4);
}

// A model that is still being written holds up whoever added it, for ten seconds, and nobody else.
TEST_F(ReloadTest, AChangeDoesNotWaitForTheModelsOfAnother) {
  Publish("a", 1);
  Publish("slow", 1);
  folder_.Remove("slow/1/_SUCCESS");
  ModelServer::Options options = OptionsFor({});
  options.models.mutable_model_config_list();
  options.watch.settle_time = std::chrono::hours(1);
  const auto server = Started(options);
  ASSERT_NE(server, nullptr);
  std::atomic<bool> slow_is_added{false};
  std::thread slow([&] {
    AddModelRequest add;
    add.set_model_config(ConfigFor("slow").ShortDebugString());
    Configuration configuration;
    EXPECT_EQ(Add(*server, add, &configuration).error_code(), grpc::StatusCode::UNKNOWN);
    slow_is_added = true;
  });
  while (List(*server).generation() < 2) std::this_thread::yield();
  AddModelRequest add;
  add.set_model_config(ConfigFor("a").ShortDebugString());
  Configuration configuration;
  const grpc::Status added = Add(*server, add, &configuration);
  EXPECT_TRUE(added.ok()) << added.error_message();
  EXPECT_EQ(configuration.generation(), 3u);
  EXPECT_EQ(Ask(*server, "a"), 4);
  EXPECT_FALSE(slow_is_added);
  // Whoever waits for it hears that it will not come.
  RemoveModelRequest remove;
  remove.set_name("slow");
  EXPECT_TRUE(Remove(*server, remove, &configuration).ok());
  slow.join();
}

TEST_F(ReloadTest, AChangedFileIsTakenAlthoughTheFirstModelsAreStillLoading) {
  Publish("a", 1);
  // Nobody ever completes it.
  Publish("slow", 1);
  folder_.Remove("slow/1/_SUCCESS");
  ModelServer::Options options = OptionsFor({"slow"});
  options.watch.settle_time = std::chrono::hours(1);
  options.model_config_file = folder_.Path("models.config");
  options.model_config_poll_wait = std::chrono::milliseconds(5);
  folder_.Write("models.config", options.models.DebugString());
  const auto server = ModelServer::Start(options);
  ASSERT_TRUE(server.ok()) << server.status();
  folder_.Write("models.config", Listing({"a"}).config().DebugString());
  bool answered = false;
  const absl::Status loaded = (*server)->WaitUntilLoaded([&] {
    answered = answered || Ask(**server, "a") == 4;
    return answered;
  });
  EXPECT_TRUE(answered || Ask(**server, "a") == 4) << loaded;
}

TEST_F(ReloadTest, AChangedFileIsTakenAsSoonAsItCanBeKept) {
  Publish("a", 1);
  Publish("b", 1);
  ModelServer::Options options = OptionsFor({"a"});
  options.config_state_file = folder_.Path("state");
  options.model_config_file = folder_.Path("models.config");
  options.model_config_poll_wait = std::chrono::milliseconds(5);
  folder_.Write("models.config", options.models.DebugString());
  const auto server = Started(options);
  ASSERT_NE(server, nullptr);
  // Nothing can be written there.
  folder_.MakeFolder("state.new");
  ::testing::internal::CaptureStderr();
  folder_.Write("models.config", Listing({"a", "b"}).config().DebugString());
  // Many looks.
  std::this_thread::sleep_for(std::chrono::seconds(1));
  EXPECT_EQ(Ask(*server, "b"), kNotFound);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr(folder_.Path("state.new")));
  folder_.Remove("state.new");
  while (Ask(*server, "b") != 4) std::this_thread::yield();
  EXPECT_EQ(List(*server).generation(), 2u);
}

TEST_F(ReloadTest, AStartAtWhichNothingHasChangedWritesNothing) {
  Publish("a", 1);
  ModelServer::Options options = OptionsFor({"a"});
  options.config_state_file = folder_.Path("state");
  {
    const auto server = Started(options);
    ASSERT_NE(server, nullptr);
    ASSERT_TRUE(Reload(*server, Listing({"a"})).ok());
  }
  const std::string state = Read("state");
  // Nothing can be written there, as on a full disk.
  folder_.MakeFolder("state.new");
  const auto server = Started(options);
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(List(*server).generation(), 2u);
  EXPECT_EQ(Ask(*server, "a"), 4);
  EXPECT_EQ(Read("state"), state);
  const grpc::Status changed = Reload(*server, Listing({}));
  EXPECT_EQ(changed.error_code(), grpc::StatusCode::UNAVAILABLE) << "what cannot be kept is not begun";
}

TEST_F(ReloadTest, ModelsThatComeAndGoLeaveNothing) {
  Publish("a", 1);
  ModelServer::Options options = OptionsFor({});
  options.models.mutable_model_config_list();
  const auto server = Started(options);
  ASSERT_NE(server, nullptr);
  size_t threads = 0;
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(Reload(*server, Listing({"a"})).ok());
    ASSERT_TRUE(Reload(*server, Listing({})).ok());
    while (Ask(*server, "a") != kNotFound) std::this_thread::yield();
    // The first one brings what stays, of gRPC and of TensorFlow.
    if (i == 1) threads = CountThreads();
  }
  // The last ones may be on their way out yet, and gRPC may have taken a thread more; ten models would have left ten.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (CountThreads() > threads + 5 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_LE(CountThreads(), threads + 5);
}

TEST_F(ReloadTest, LabelsWorkFromTheFirstStartAndMoveWhenTheirVersionIsThere) {
  Publish("m", 1);
  ModelServer::Options options = OptionsFor({"m"});
  auto* config = options.models.mutable_model_config_list()->mutable_config(0);
  config->mutable_model_version_policy()->mutable_all();
  (*config->mutable_version_labels())["stable"] = 1;
  const auto server = Started(options);
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(Ask(*server, "m", "stable"), 4);
  EXPECT_EQ(Ask(*server, "m", "else"), kInvalidArgument);

  (*config->mutable_version_labels())["stable"] = 2;
  ReloadConfigRequest request;
  *request.mutable_config() = options.models;
  ASSERT_TRUE(Reload(*server, request).ok());
  EXPECT_EQ(Ask(*server, "m", "stable"), 4) << "version 2 is not there yet";
  EXPECT_EQ(List(*server).models(0).labels().at("stable"), 2);
  EXPECT_EQ(List(*server).models(0).waiting_labels().at("stable"), 1) << "which answers until then";
  Publish("m", 2);
  while (Ask(*server, "m", "stable") == 4) std::this_thread::yield();
  EXPECT_EQ(Ask(*server, "m", "stable"), 5);
  EXPECT_EQ(List(*server).models(0).waiting_labels_size(), 0);
}

TEST_F(ReloadTest, ALabelOfAVersionThatNobodyServesIsNamed) {
  Publish("m", 1);
  ModelServer::Options options = OptionsFor({"m"});
  (*options.models.mutable_model_config_list()->mutable_config(0)->mutable_version_labels())["canary"] = 7;
  ::testing::internal::CaptureStderr();
  const auto server = Started(options);
  const std::string log = ::testing::internal::GetCapturedStderr();
  ASSERT_NE(server, nullptr);
  const std::string warning =
      "label \"canary\" stands for version 7, which is not available; calls by it are NOT_FOUND until it is";
  EXPECT_THAT(log, HasSubstr("model m: " + warning));
  EXPECT_THAT(server->Table(), HasSubstr("m      -        -          " + warning));
  ASSERT_EQ(List(*server).models(0).warnings_size(), 1);
  EXPECT_EQ(List(*server).models(0).warnings(0), warning);
  EXPECT_EQ(Ask(*server, "m", "canary"), kNotFound);
  EXPECT_EQ(Ask(*server, "m"), 4);
}

TEST_F(ReloadTest, ListsModelsWithStatesAndReasons) {
  Publish("a", 1);
  const auto server = Started(OptionsFor({"a", "missing"}));
  ASSERT_NE(server, nullptr);
  const ListModelsResponse response = List(*server);
  ASSERT_EQ(response.models_size(), 2);
  EXPECT_EQ(response.models(0).name(), "a");
  ASSERT_EQ(response.models(0).versions_size(), 1);
  EXPECT_EQ(response.models(0).versions(0).state(), "AVAILABLE");
  EXPECT_EQ(response.models(0).versions(0).error_code(), "OK");
  EXPECT_THAT(response.models(1).problem(), HasSubstr(folder_.Path("missing")));
}

TEST_F(ReloadTest, AddsAndRemovesOneModel) {
  Publish("a", 1);
  Publish("b", 1);
  const auto server = Started(OptionsFor({"a"}));
  ASSERT_NE(server, nullptr);
  AddModelRequest add;
  add.set_model_config(ConfigFor("b").ShortDebugString());
  add.set_generation(1);
  Configuration configuration;
  grpc::Status status = Add(*server, add, &configuration);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(configuration.generation(), 2u);
  EXPECT_THAT(configuration.model_server_config(), HasSubstr("name: \"b\""));
  EXPECT_EQ(Ask(*server, "b"), 4);

  EXPECT_EQ(Add(*server, add, &configuration).error_code(), grpc::StatusCode::ABORTED) << "of a generation ago";
  add.set_generation(0);
  EXPECT_EQ(Add(*server, add, &configuration).error_code(), grpc::StatusCode::ALREADY_EXISTS);
  add.set_model_config("name: \"c\" base");
  status = Add(*server, add, &configuration);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("line 1"));

  RemoveModelRequest remove;
  remove.set_name("a");
  ASSERT_TRUE(Remove(*server, remove, &configuration).ok());
  while (Ask(*server, "a") != kNotFound) std::this_thread::yield();
  EXPECT_EQ(Ask(*server, "b"), 4);
  status = Remove(*server, remove, &configuration);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(status.error_message(), HasSubstr("the models are: b"));
}

TEST_F(ReloadTest, WithoutAThreadForItAModelIsNotAdded) {
  Publish("a", 1);
  Publish("b", 1);
  const auto server = Started(OptionsFor({"a"}));
  ASSERT_NE(server, nullptr);
  AddModelRequest add;
  add.set_model_config(ConfigFor("b").ShortDebugString());
  Configuration configuration;
  const auto stub = ModelManagementService::NewStub(LocalChannel(server->port()));
  {
    const NoMoreThreads tight;
    grpc::ClientContext context;
    const grpc::Status status = stub->AddModel(&context, add, &configuration);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << status.error_message();
    EXPECT_THAT(status.error_message(), HasSubstr("no thread can be made for \"load b\""));
  }
  EXPECT_EQ(Ask(*server, "a"), 4);
  EXPECT_EQ(Ask(*server, "b"), kNotFound);
  EXPECT_EQ(List(*server).models_size(), 1);
  const grpc::Status status = Add(*server, add, &configuration);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(Ask(*server, "b"), 4);
}

}  // namespace
}  // namespace trilho
