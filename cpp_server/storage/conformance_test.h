// The tests that every VersionStore passes.
//
// A driver makes a StoreUnderTest of its own and registers it:
//
//   INSTANTIATE_TEST_SUITE_P(Local, VersionStoreConformance, ::testing::Values(&MakeLocalStore));

#ifndef TRILHO_CPP_SERVER_STORAGE_CONFORMANCE_TEST_H_
#define TRILHO_CPP_SERVER_STORAGE_CONFORMANCE_TEST_H_

#include <atomic>
#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/storage/version_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {

// A store and one base in it, empty at first, which a test writes to as a publisher of versions does. Paths are
// relative to the base.
class StoreUnderTest {
 public:
  StoreUnderTest() = default;
  StoreUnderTest(const StoreUnderTest&) = delete;
  StoreUnderTest& operator=(const StoreUnderTest&) = delete;
  virtual ~StoreUnderTest() = default;

  virtual const VersionStore& store() const = 0;
  virtual std::string base() const = 0;
  // Writes a file, and the folders above it.
  virtual void Write(const std::string& path, const std::string& content) = 0;
  virtual void MakeFolder(const std::string& path) = 0;
  // Removes a file, or a folder with all that it holds.
  virtual void Remove(const std::string& path) = 0;
  virtual void Rename(const std::string& from, const std::string& to) = 0;
  // Makes `link` stand for `target`; false in a store that has no links.
  virtual bool Link(const std::string& target, const std::string& link) = 0;
};

using MakeStoreUnderTest = std::unique_ptr<StoreUnderTest> (*)();

class VersionStoreConformance : public ::testing::TestWithParam<MakeStoreUnderTest> {
 protected:
  VersionStoreConformance() : under_test_(GetParam()()) {}

  StoreUnderTest& dir() { return *under_test_; }
  const VersionStore& store() const { return under_test_->store(); }

  // The versions below `base`, relative to the base of the test, or the reason why there is none.
  absl::StatusOr<std::vector<int64_t>> List(const std::string& base = "") const {
    const auto listed = store().List(base.empty() ? under_test_->base() : absl::StrCat(under_test_->base(), "/", base));
    if (!listed.ok()) return listed.status();
    std::vector<int64_t> versions;
    for (const StoredVersion& version : *listed) versions.push_back(version.version);
    return versions;
  }

  // A version that List has.
  StoredVersion Get(int64_t number) const {
    const auto listed = store().List(under_test_->base());
    EXPECT_TRUE(listed.ok()) << listed.status();
    if (!listed.ok()) return {};
    for (const StoredVersion& version : *listed) {
      if (version.version == number) return version;
    }
    ADD_FAILURE() << "there is no version " << number;
    return {};
  }

  // Paths and sizes of the files of a version.
  std::vector<std::pair<std::string, int64_t>> Files(const StoredVersion& version) const {
    const auto listing = store().Stat(version);
    EXPECT_TRUE(listing.ok()) << listing.status();
    std::vector<std::pair<std::string, int64_t>> files;
    if (!listing.ok()) return files;
    for (const auto& [path, stamp] : *listing) files.emplace_back(path, stamp.size);
    return files;
  }

  // The content of a file of a version that was fetched.
  std::string Fetched(const StoredVersion& version, const std::string& path) const {
    const auto folder = store().Fetch(version, never_);
    EXPECT_TRUE(folder.ok()) << folder.status();
    if (!folder.ok()) return "";
    std::ifstream file(absl::StrCat(*folder, "/", path), std::ios::binary);
    EXPECT_TRUE(file.good()) << *folder << "/" << path;
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  const std::atomic<bool> never_{false};

 private:
  const std::unique_ptr<StoreUnderTest> under_test_;
};

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(VersionStoreConformance);

TEST_P(VersionStoreConformance, AnEmptyBaseHasNoVersions) {
  const auto versions = List();
  ASSERT_TRUE(versions.ok()) << versions.status();
  EXPECT_THAT(*versions, ::testing::IsEmpty());
}

TEST_P(VersionStoreConformance, ABaseThatIsNotThereIsNotFoundAndNamed) {
  const absl::Status status = List("gone").status();
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("gone"));
}

TEST_P(VersionStoreConformance, ABaseThatIsAVersionItselfIsNotFound) {
  dir().Write("saved_model.pb", "graph");
  const absl::Status status = List().status();
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("it is a version itself"));
}

TEST_P(VersionStoreConformance, ListsVersionsLowestFirst) {
  for (const char* name : {"10", "9", "0", "9223372036854775807"}) {
    dir().Write(absl::StrCat(name, "/saved_model.pb"), "graph");
  }
  EXPECT_THAT(*List(), ::testing::ElementsAre(0, 9, 10, INT64_MAX));
}

TEST_P(VersionStoreConformance, NamesThatAreNoVersionsAreLeftOut) {
  for (const char* name : {"3-partial", ".4", "5.tmp", "+6", "v7", "0x8", "1 0", "9223372036854775808", "assets"}) {
    dir().Write(absl::StrCat(name, "/saved_model.pb"), "graph");
  }
  dir().Write("11", "a file");
  dir().Write("2/saved_model.pb", "graph");
  EXPECT_THAT(*List(), ::testing::ElementsAre(2));
}

TEST_P(VersionStoreConformance, OfTwoNamesOfOneNumberTheLaterCounts) {
  for (const char* name : {"009", "9", "09"}) dir().Write(absl::StrCat(name, "/saved_model.pb"), name);
  EXPECT_THAT(*List(), ::testing::ElementsAre(9));
  EXPECT_EQ(Fetched(Get(9), "saved_model.pb"), "9");
}

// Stores that list by pages have a thousand entries in one.
TEST_P(VersionStoreConformance, ListsMoreVersionsThanAPage) {
  std::vector<int64_t> expected;
  for (int64_t version = 1; version <= 1100; ++version) {
    dir().Write(absl::StrCat(version, "/saved_model.pb"), "graph");
    expected.push_back(version);
  }
  EXPECT_EQ(*List(), expected);
}

TEST_P(VersionStoreConformance, StatListsFilesAtAnyDepth) {
  dir().Write("1/saved_model.pb", "12345");
  dir().Write("1/variables/variables.index", "123");
  dir().Write("1/assets.extra/deep/down/empty", "");
  EXPECT_THAT(Files(Get(1)), ::testing::ElementsAre(std::make_pair("assets.extra/deep/down/empty", 0),
                                                    std::make_pair("saved_model.pb", 5),
                                                    std::make_pair("variables/variables.index", 3)));
}

TEST_P(VersionStoreConformance, AVersionThatIsBeingWrittenIsListedAsFarAsItIsThere) {
  dir().Write("1/variables/variables.index", "123");
  EXPECT_THAT(*List(), ::testing::ElementsAre(1));
  EXPECT_THAT(Files(Get(1)), ::testing::ElementsAre(std::make_pair("variables/variables.index", 3)));
  dir().Write("1/saved_model.pb", "12345");
  EXPECT_THAT(Files(Get(1)), ::testing::SizeIs(2));
}

TEST_P(VersionStoreConformance, ARenameBringsAVersionAsAWhole) {
  dir().Write("1-partial/saved_model.pb", "12345");
  dir().Write("1-partial/variables/variables.index", "123");
  EXPECT_THAT(*List(), ::testing::IsEmpty());
  dir().Rename("1-partial", "1");
  EXPECT_THAT(*List(), ::testing::ElementsAre(1));
  EXPECT_THAT(Files(Get(1)), ::testing::SizeIs(2));
  EXPECT_EQ(Fetched(Get(1), "variables/variables.index"), "123");
}

TEST_P(VersionStoreConformance, AListingIsTheSameUntilAFileChanges) {
  dir().Write("1/saved_model.pb", "12345");
  const StoredVersion version = Get(1);
  const auto before = store().Stat(version);
  ASSERT_TRUE(before.ok()) << before.status();
  EXPECT_EQ(*before, *store().Stat(version));
  // The size is the same; clocks of file systems may take a moment to go on.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  bool changed = false;
  while (!changed && std::chrono::steady_clock::now() < deadline) {
    dir().Write("1/saved_model.pb", "54321");
    changed = !(*before == *store().Stat(version));
  }
  EXPECT_TRUE(changed);
  EXPECT_EQ(Fetched(version, "saved_model.pb"), "54321");
}

TEST_P(VersionStoreConformance, AVersionThatHasGoneIsNotFound) {
  dir().Write("1/saved_model.pb", "12345");
  dir().Write("2/saved_model.pb", "12345");
  const StoredVersion version = Get(1);
  dir().Remove("1");
  EXPECT_THAT(*List(), ::testing::ElementsAre(2));
  const absl::Status status = store().Stat(version).status();
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
}

// Whatever the moment, there is a listing or a reason that lets the caller ask again.
TEST_P(VersionStoreConformance, AVersionMayGoWhileItIsRead) {
  for (int round = 0; round < 10; ++round) {
    for (int file = 0; file < 50; ++file) dir().Write(absl::StrCat("1/variables/", file), "12345");
    const StoredVersion version = Get(1);
    std::thread remover([this] { dir().Remove("1"); });
    for (bool gone = false; !gone;) {
      const auto listing = store().Stat(version);
      gone = absl::IsNotFound(listing.status());
      EXPECT_TRUE(listing.ok() || gone || absl::IsUnavailable(listing.status())) << listing.status();
      const auto versions = List();
      EXPECT_TRUE(versions.ok()) << versions.status();
    }
    remover.join();
  }
}

TEST_P(VersionStoreConformance, FetchBringsEveryFile) {
  const std::string binary("\0\xff\r\n", 4);
  dir().Write("1/saved_model.pb", binary);
  dir().Write("1/assets.extra/deep/down/file", "deep");
  const StoredVersion version = Get(1);
  EXPECT_EQ(Fetched(version, "saved_model.pb"), binary);
  EXPECT_EQ(Fetched(version, "assets.extra/deep/down/file"), "deep");
  EXPECT_EQ(Fetched(version, "saved_model.pb"), binary) << "and does so again";
}

TEST_P(VersionStoreConformance, ManyFetchAtOnce) {
  for (int version = 1; version <= 4; ++version) {
    dir().Write(absl::StrCat(version, "/saved_model.pb"), absl::StrCat("graph ", version));
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this, number = i % 4 + 1] {
      EXPECT_EQ(Fetched(Get(number), "saved_model.pb"), absl::StrCat("graph ", number));
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_P(VersionStoreConformance, AStoppedFetchIsCancelledIfItCopies) {
  dir().Write("1/saved_model.pb", "12345");
  const std::atomic<bool> stop{true};
  const StoredVersion version = Get(1);
  const auto folder = store().Fetch(version, stop);
  EXPECT_TRUE(folder.ok() || absl::IsCancelled(folder.status())) << folder.status();
  EXPECT_EQ(Fetched(version, "saved_model.pb"), "12345") << "which leaves nothing half-done";
}

TEST_P(VersionStoreConformance, NamesMayHaveOddCharacters) {
  const std::string odd = "a b%20c+d&e=f#g?h'i\"j,k;l@m~n(o)[p]{q}ü日";
  dir().Write(absl::StrCat(odd, "/1/", odd, "/", odd, ".pb"), "12345");
  EXPECT_THAT(*List(odd), ::testing::ElementsAre(1));
  const auto versions = store().List(absl::StrCat(dir().base(), "/", odd));
  ASSERT_TRUE(versions.ok()) << versions.status();
  const std::string path = absl::StrCat(odd, "/", odd, ".pb");
  EXPECT_THAT(Files(versions->front()), ::testing::ElementsAre(std::make_pair(path, 5)));
  EXPECT_EQ(Fetched(versions->front(), path), "12345");
}

TEST_P(VersionStoreConformance, LinksAreFollowed) {
  dir().Write("elsewhere/saved_model.pb", "12345");
  dir().Write("shared/variables.index", "123");
  ASSERT_TRUE(dir().Link("elsewhere", "1"));
  ASSERT_TRUE(dir().Link("shared", "elsewhere/variables"));
  ASSERT_TRUE(dir().Link("shared/variables.index", "elsewhere/index"));
  EXPECT_THAT(*List(), ::testing::ElementsAre(1));
  EXPECT_THAT(Files(Get(1)), ::testing::ElementsAre(std::make_pair("index", 3), std::make_pair("saved_model.pb", 5),
                                                    std::make_pair("variables/variables.index", 3)));
  EXPECT_EQ(Fetched(Get(1), "variables/variables.index"), "123");
}

TEST_P(VersionStoreConformance, ALinkThatLeadsNowhereIsNoVersion) {
  dir().MakeFolder("2");
  ASSERT_TRUE(dir().Link("nowhere", "1"));
  EXPECT_THAT(*List(), ::testing::ElementsAre(2));
}

TEST_P(VersionStoreConformance, ALinkToAFolderAboveHasAnEnd) {
  dir().Write("1/saved_model.pb", "12345");
  ASSERT_TRUE(dir().Link("1", "1/again"));
  const absl::Status status = store().Stat(Get(1)).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
}

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_STORAGE_CONFORMANCE_TEST_H_
