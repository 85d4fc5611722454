#include "cpp_server/lifecycle/version_choice.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ChooseVersionsTest : public ::testing::Test {
 protected:
  VersionChoice Choose(const ServableVersionPolicy& policy) {
    std::vector<StoredVersion> present;
    for (int64_t v : present_) present.push_back(StoredVersion{v, absl::StrCat("/m/", v)});
    checked_.clear();
    return ChooseVersions(
        "m", policy, present,
        [this](const StoredVersion& stored) -> absl::StatusOr<std::string> {
          checked_.push_back(stored.version);
          if (incomplete_.count(stored.version) > 0) return absl::DataLossError("half");
          return stored.path;
        },
        failing_);
  }
  static std::vector<int64_t> Aspired(const VersionChoice& versions) {
    std::vector<int64_t> numbers;
    for (const auto& v : versions.aspired) numbers.push_back(v.version);
    return numbers;
  }
  static std::vector<std::string> Rejected(const VersionChoice& versions) {
    std::vector<std::string> lines;
    for (const auto& v : versions.rejected) lines.push_back(absl::StrCat(v.version, " ", v.reason.ToString()));
    return lines;
  }

  std::vector<int64_t> present_ = {1, 2, 3};
  std::set<int64_t> incomplete_, failing_;
  std::vector<int64_t> checked_;
};

TEST_F(ChooseVersionsTest, TheLatestIsTheDefault) {
  const VersionChoice versions = Choose(ServableVersionPolicy());
  EXPECT_EQ(versions.model, "m");
  EXPECT_THAT(Aspired(versions), ElementsAre(3));
  EXPECT_EQ(versions.aspired[0].path, "/m/3");
  EXPECT_THAT(Rejected(versions), IsEmpty());
  EXPECT_THAT(checked_, ElementsAre(3));
}

TEST_F(ChooseVersionsTest, TheLatestFew) {
  EXPECT_THAT(Aspired(Choose(ServableVersionPolicy::Latest(2))), ElementsAre(3, 2));
  EXPECT_THAT(Aspired(Choose(ServableVersionPolicy::Latest(9))), ElementsAre(3, 2, 1));
  EXPECT_THAT(Aspired(Choose(ServableVersionPolicy::Latest(0))), ElementsAre(3));
}

TEST_F(ChooseVersionsTest, AnIncompleteVersionTakesNoPlace) {
  incomplete_ = {3};
  const VersionChoice versions = Choose(ServableVersionPolicy::Latest(1));
  EXPECT_THAT(Aspired(versions), ElementsAre(2));
  EXPECT_THAT(Rejected(versions), ElementsAre("3 DATA_LOSS: half"));
}

TEST_F(ChooseVersionsTest, AVersionThatFailsHasASubstitute) {
  failing_ = {3};
  const VersionChoice versions = Choose(ServableVersionPolicy::Latest(1));
  EXPECT_THAT(Aspired(versions), ElementsAre(3, 2));
  EXPECT_FALSE(versions.aspired[0].is_substitute);
  EXPECT_TRUE(versions.aspired[1].is_substitute);
  EXPECT_THAT(Aspired(Choose(ServableVersionPolicy::Specific({3}))), ElementsAre(3));
  failing_ = {2};
  EXPECT_THAT(Aspired(Choose(ServableVersionPolicy::Latest(2))), ElementsAre(3, 2, 1));
}

TEST_F(ChooseVersionsTest, OfManyVersionsThatFailAFewAreTried) {
  present_ = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  failing_ = {2, 3, 4, 5, 6, 7, 8, 9};
  EXPECT_THAT(Aspired(Choose(ServableVersionPolicy::Latest(1))), ElementsAre(9, 8, 7, 6));
  EXPECT_THAT(Aspired(Choose(ServableVersionPolicy::Latest(2))), ElementsAre(9, 8, 7, 6, 5));
  EXPECT_THAT(checked_, ElementsAre(9, 8, 7, 6, 5));
}

TEST_F(ChooseVersionsTest, AllThatAreComplete) {
  incomplete_ = {2};
  const VersionChoice versions = Choose(ServableVersionPolicy::All());
  EXPECT_THAT(Aspired(versions), ElementsAre(3, 1));
  EXPECT_THAT(Rejected(versions), ElementsAre("2 DATA_LOSS: half"));
}

TEST_F(ChooseVersionsTest, SpecificOnesAndWhatIsMissing) {
  incomplete_ = {2};
  const VersionChoice versions = Choose(ServableVersionPolicy::Specific({1, 2, 7}));
  EXPECT_THAT(Aspired(versions), ElementsAre(1));
  EXPECT_THAT(Rejected(versions),
              ElementsAre("2 DATA_LOSS: half", "7 NOT_FOUND: There is no folder of version 7 of model m"));
  EXPECT_THAT(checked_, ElementsAre(2, 1));
}

TEST_F(ChooseVersionsTest, NothingOutOfNothing) {
  EXPECT_THAT(Aspired(Choose(ServableVersionPolicy::Specific({}))), IsEmpty());
  present_.clear();
  EXPECT_THAT(Aspired(Choose(ServableVersionPolicy::Latest(1))), IsEmpty());
}

TEST_F(ChooseVersionsTest, OfThousandsThatAreRejectedOneStandsForAll) {
  present_.clear();
  for (int64_t version = 1; version <= 10000; ++version) {
    present_.push_back(version);
    if (version > 1) incomplete_.insert(version);
  }
  const VersionChoice versions = Choose(ServableVersionPolicy::Latest(1));
  EXPECT_THAT(Aspired(versions), ElementsAre(1)) << "however many newer ones there are";
  EXPECT_THAT(Rejected(versions), ElementsAre("10000 DATA_LOSS: half; so it is with more than 100 versions, the others "
                                              "of which are not listed"));
}

}  // namespace
}  // namespace trilho
