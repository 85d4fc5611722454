// Looks at a file again and again.

#ifndef TRILHO_CPP_SERVER_CONFIG_FILE_WATCHER_H_
#define TRILHO_CPP_SERVER_CONFIG_FILE_WATCHER_H_

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cpp_server/core/mutex.h"

namespace trilho {

// Tells of each content that a file comes to have, however it comes there: written, renamed to the name, or behind a
// link that now points elsewhere, as in a folder that Kubernetes mounts. The content alone counts, neither times nor
// inodes, and only a digest of it is kept.
//
// A content that was there for less than a settling time, a quarter of a second, or less if it looks more often, is
// not told of: somebody may just be writing it.
class FileWatcher {
 public:
  // The file has a content that it had not when this was last called, or can no longer be read, or it is the first
  // look. False asks to be told of the same content again, after a period. On the watcher's thread; must return soon,
  // as the destructor waits for it.
  using Changed = std::function<bool()>;

  // `period` passes before the first look and between looks. `looked`, if not empty, is called after every look, on
  // the watcher's thread like `changed`.
  FileWatcher(std::string path, std::chrono::milliseconds period, Changed changed, std::function<void()> looked = {});
  ~FileWatcher();

  // RESOURCE_EXHAUSTED if there is no thread to look; then it never tells anything.
  absl::Status status() const { return thread_.status(); }

  FileWatcher(const FileWatcher&) = delete;
  FileWatcher& operator=(const FileWatcher&) = delete;

 private:
  void Run() EXCLUDES(mu_);
  // False if it is to stop.
  bool Wait(std::chrono::milliseconds time) EXCLUDES(mu_);
  // Empty if it cannot be read.
  std::string DigestOfFile() const;

  const std::string path_;
  const std::chrono::milliseconds period_;
  const Changed changed_;
  const std::function<void()> looked_;

  Mutex mu_;
  CondVar cv_;
  bool stop_ GUARDED_BY(mu_) = false;
  absl::StatusOr<std::thread> thread_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONFIG_FILE_WATCHER_H_
