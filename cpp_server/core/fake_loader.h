// A Loader that a test holds, fails and watches.

#ifndef TRILHO_CPP_SERVER_CORE_FAKE_LOADER_H_
#define TRILHO_CPP_SERVER_CORE_FAKE_LOADER_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/core/loader.h"
#include "cpp_server/core/mutex.h"
#include "cpp_server/core/servable.h"
#include "cpp_server/core/servable_state.h"

namespace trilho {

// Keeps what happened, as lines such as "load a:1", "destroy a:1", "after-unload a:1", "a:1 AVAILABLE", and lets a test
// wait for a line. Thread-safe; outlives the Manager under test.
class FakeWorld {
 public:
  LoaderFactory Factory();

  // A callback for ManagerOptions::on_state_change.
  void NoteState(const ServableState& state) EXCLUDES(mu_) {
    Note(absl::StrCat(Key(state.id), " ", ManagerStateName(state.state)));
  }

  void Note(const std::string& line) EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    log_.push_back(line);
    threads_[line] = std::this_thread::get_id();
    cv_.NotifyAll();
  }

  // Waits for the `count`-th occurrence of `line`; false after a minute.
  bool Await(const std::string& line, int count = 1) EXCLUDES(mu_) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    MutexLock lock(&mu_);
    while (CountLocked(line) < count) {
      if (!cv_.WaitUntil(&mu_, deadline)) return CountLocked(line) >= count;
    }
    return true;
  }

  int Count(const std::string& line) EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    return CountLocked(line);
  }

  std::vector<std::string> Log() EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    return log_;
  }

  // The thread of the latest `line`.
  std::thread::id ThreadOf(const std::string& line) EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    return threads_[line];
  }

  // Loads of `key`, such as "a:1", block until Release.
  void Hold(const std::string& key) EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    held_.insert(key);
  }
  void Release(const std::string& key) EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    held_.erase(key);
    cv_.NotifyAll();
  }

  // Loads of `key` fail `times` times.
  void Fail(const std::string& key, absl::Status status, int times = 1000000) EXCLUDES(mu_) {
    MutexLock lock(&mu_);
    failures_[key] = {times, std::move(status)};
  }

  absl::Status Load(const std::string& key) EXCLUDES(mu_) {
    Note(absl::StrCat("load ", key));
    MutexLock lock(&mu_);
    while (held_.count(key) > 0) cv_.Wait(&mu_);
    const auto it = failures_.find(key);
    if (it == failures_.end() || it->second.first == 0) return absl::OkStatus();
    --it->second.first;
    return it->second.second;
  }

  static std::string Key(const ServableId& id) { return absl::StrCat(id.name, ":", id.version); }

 private:
  int CountLocked(const std::string& line) const REQUIRES(mu_) {
    int count = 0;
    for (const std::string& l : log_) count += l == line ? 1 : 0;
    return count;
  }

  Mutex mu_;
  CondVar cv_;
  std::vector<std::string> log_ GUARDED_BY(mu_);
  std::map<std::string, std::thread::id> threads_ GUARDED_BY(mu_);
  std::set<std::string> held_ GUARDED_BY(mu_);
  std::map<std::string, std::pair<int, absl::Status>> failures_ GUARDED_BY(mu_);
};

class FakeServable final : public Servable {
 public:
  FakeServable(FakeWorld* world, ServableId id) : world_(world), id_(std::move(id)) {}
  ~FakeServable() override { world_->Note(absl::StrCat("destroy ", FakeWorld::Key(id_))); }

  const ServableId& id() const { return id_; }

 private:
  FakeWorld* const world_;
  const ServableId id_;
};

class FakeLoader final : public Loader {
 public:
  FakeLoader(FakeWorld* world, ServableId id) : world_(world), id_(std::move(id)) {}

  absl::StatusOr<std::unique_ptr<Servable>> Load() override {
    Report("waiting for a test");
    absl::Status status = world_->Load(FakeWorld::Key(id_));
    if (!status.ok()) return status;
    return std::make_unique<FakeServable>(world_, id_);
  }
  void AfterUnload() override { world_->Note(absl::StrCat("after-unload ", FakeWorld::Key(id_))); }

 private:
  FakeWorld* const world_;
  const ServableId id_;
};

inline LoaderFactory FakeWorld::Factory() {
  return [this](const ServableId& id, const std::string& path) {
    Note(absl::StrCat("make ", Key(id), " from ", path));
    return std::make_unique<FakeLoader>(this, id);
  };
}

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CORE_FAKE_LOADER_H_
