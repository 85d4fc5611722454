#include "cpp_server/server/readiness.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "cpp_server/core/fake_loader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

// Models whose version 1 comes and goes as the test says.
class ReadinessTest : public ::testing::Test {
 protected:
  ReadinessTest() : manager_(Options()) {}

  ManagerOptions Options() {
    ManagerOptions options;
    options.loader_factory = world_.Factory();
    options.on_state_change = [this](const ServableState& state) {
      readiness_.Note(state.id.name);
      strict_.Note(state.id.name);
      world_.NoteState(state);
    };
    return options;
  }

  void SetModels(const std::vector<std::string>& models) {
    readiness_.SetModels(models);
    strict_.SetModels(models);
  }
  void SetLoaded() {
    readiness_.SetLoaded();
    strict_.SetLoaded();
  }
  void Serve(const std::string& model) {
    manager_.SetAspiredVersions({model, {{1, "/" + model}}, {}});
    ASSERT_TRUE(world_.Await(model + ":1 AVAILABLE", ++served_[model]));
  }
  void TakeAway(const std::string& model) {
    manager_.SetAspiredVersions({model, {}, {}});
    ASSERT_TRUE(world_.Await(model + ":1 UNLOADING", served_[model]));
  }
  // What the listener heard last, of the server under an empty name.
  void Listen() {
    readiness_.SetListener([this](const std::string& model, bool ready) { heard_[model] = ready; });
  }

  FakeWorld world_;
  std::map<std::string, int> served_;
  std::map<std::string, bool> heard_;
  // Before the manager, which tells them until it has gone.
  Readiness readiness_{&manager_, /*counts_all_models=*/false};
  Readiness strict_{&manager_, /*counts_all_models=*/true};
  Manager manager_;
};

TEST_F(ReadinessTest, TheServerIsReadyOnceTheModelsOfTheStartAreThereAndHaveHadTheirChance) {
  SetModels({"a", "b"});
  EXPECT_FALSE(readiness_.IsReady());
  Serve("a");
  Serve("b");
  EXPECT_FALSE(readiness_.IsReady()) << "a newer version of one may still be loading";
  SetLoaded();
  EXPECT_TRUE(readiness_.IsReady());
  EXPECT_TRUE(strict_.IsReady());
}

TEST_F(ReadinessTest, AModelIsReadyWhateverTheOthersDo) {
  SetModels({"a", "b"});
  Serve("a");
  EXPECT_TRUE(readiness_.IsReady("a"));
  EXPECT_FALSE(readiness_.IsReady("b"));
  EXPECT_FALSE(readiness_.IsReady("unknown"));
  EXPECT_FALSE(readiness_.IsReady());
}

TEST_F(ReadinessTest, AModelOfTheStartThatIsGoneIsMissed) {
  SetModels({"a", "b"});
  Serve("a");
  Serve("b");
  SetLoaded();
  TakeAway("b");
  EXPECT_FALSE(readiness_.IsReady());
  EXPECT_FALSE(readiness_.IsReady("b"));
  EXPECT_TRUE(readiness_.IsReady("a"));
  Serve("b");
  EXPECT_TRUE(readiness_.IsReady());
}

TEST_F(ReadinessTest, ModelsThatComeLaterCountOnlyIfAskedTo) {
  SetModels({"a"});
  Serve("a");
  SetLoaded();
  SetModels({"a", "later"});
  EXPECT_TRUE(readiness_.IsReady());
  EXPECT_FALSE(strict_.IsReady());
  EXPECT_FALSE(readiness_.IsReady("later"));
  EXPECT_EQ(readiness_.CountModels().models, 1);
  EXPECT_EQ(strict_.CountModels().models, 2);
  Serve("later");
  EXPECT_TRUE(strict_.IsReady());
  EXPECT_TRUE(readiness_.IsReady("later"));
}

TEST_F(ReadinessTest, AModelThatIsRemovedIsNotMissedNorOfTheStartAnyMore) {
  SetModels({"a", "b"});
  Serve("a");
  SetLoaded();
  EXPECT_FALSE(readiness_.IsReady());
  SetModels({"a"});
  EXPECT_TRUE(readiness_.IsReady());
  EXPECT_EQ(readiness_.CountModels().models, 1);
  SetModels({"a", "b"});
  EXPECT_TRUE(readiness_.IsReady()) << "it came later";
}

TEST_F(ReadinessTest, TheModelsAreCountedThatTheServerDependsOn) {
  SetModels({"a", "b"});
  Serve("a");
  SetLoaded();
  SetModels({"a", "b", "later"});
  const auto shown = [](const absl::optional<Readiness::Count>& count) {
    return count ? absl::StrCat(count->is_ready ? "ready" : "not ready", ", lacks ", count->lacking, " of ",
                                count->models)
                 : "not configured";
  };
  EXPECT_EQ(shown(readiness_.CountModels()), "not ready, lacks 1 of 2");
  EXPECT_EQ(shown(strict_.CountModels()), "not ready, lacks 2 of 3");
  EXPECT_EQ(shown(readiness_.CountModel("a")), "ready, lacks 0 of 1");
  EXPECT_EQ(shown(readiness_.CountModel("later")), "not ready, lacks 1 of 1");
  EXPECT_EQ(shown(readiness_.CountModel("unknown")), "not configured");
  Serve("b");
  EXPECT_EQ(shown(readiness_.CountModels()), "ready, lacks 0 of 2");
  readiness_.SetStopping();
  EXPECT_EQ(shown(readiness_.CountModels()), "not ready, lacks 0 of 2");
  EXPECT_EQ(shown(readiness_.CountModel("a")), "not ready, lacks 0 of 1");
}

TEST_F(ReadinessTest, AModelThatIsRemovedIsForgotten) {
  SetModels({"a", "b"});
  Listen();
  SetModels({"a"});
  heard_.clear();
  SetModels({"a"});
  EXPECT_THAT(heard_, ElementsAre()) << "nothing has changed";
  SetModels({"a", "b"});
  EXPECT_THAT(heard_, ElementsAre(Pair("b", false))) << "a new one as far as anybody knows";
}

TEST_F(ReadinessTest, AServerWithoutModelsIsReady) {
  SetModels({});
  EXPECT_FALSE(readiness_.IsReady());
  SetLoaded();
  EXPECT_TRUE(readiness_.IsReady());
}

TEST_F(ReadinessTest, NothingIsReadyOnceTheServerIsToStop) {
  SetModels({"a"});
  Serve("a");
  SetLoaded();
  Listen();
  readiness_.SetStopping();
  EXPECT_FALSE(readiness_.IsReady());
  EXPECT_FALSE(readiness_.IsReady("a"));
  EXPECT_THAT(heard_, ElementsAre(Pair("", false), Pair("a", false)));
}

TEST_F(ReadinessTest, AListenerHearsWhatIsKnownAndEachChange) {
  SetModels({"a", "b"});
  Serve("a");
  Listen();
  EXPECT_THAT(heard_, ElementsAre(Pair("", false), Pair("a", true), Pair("b", false)));
  Serve("b");
  SetLoaded();
  EXPECT_THAT(heard_, ElementsAre(Pair("", true), Pair("a", true), Pair("b", true)));
  TakeAway("a");
  EXPECT_THAT(heard_, ElementsAre(Pair("", false), Pair("a", false), Pair("b", true)));
  SetModels({"b"});
  EXPECT_THAT(heard_, ElementsAre(Pair("", true), Pair("a", false), Pair("b", true)));
  readiness_.SetListener({});
  TakeAway("b");
  EXPECT_THAT(heard_, ElementsAre(Pair("", true), Pair("a", false), Pair("b", true)));
}

}  // namespace
}  // namespace trilho
