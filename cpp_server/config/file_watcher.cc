#include "cpp_server/config/file_watcher.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "absl/types/optional.h"
#include "cpp_server/core/thread.h"

namespace trilho {
namespace {

constexpr std::chrono::milliseconds kSettlingTime(250);

}  // namespace

FileWatcher::FileWatcher(std::string path, std::chrono::milliseconds period, Changed changed,
                         std::function<void()> looked)
    : path_(std::move(path)),
      period_(period),
      changed_(std::move(changed)),
      looked_(std::move(looked)),
      thread_(StartThread("watch file", [this] { Run(); })) {}

FileWatcher::~FileWatcher() {
  {
    MutexLock lock(&mu_);
    stop_ = true;
    cv_.NotifyAll();
  }
  if (thread_.ok()) thread_->join();
}

void FileWatcher::Run() {
  absl::optional<std::string> told;
  // Seen once.
  absl::optional<std::string> unsettled;
  while (Wait(unsettled ? std::min(period_, kSettlingTime) : period_)) {
    std::string now = DigestOfFile();
    if (now == told) {
      unsettled.reset();
    } else if (now != unsettled) {
      unsettled = std::move(now);
    } else {
      unsettled.reset();
      told.reset();
      if (changed_()) told = std::move(now);
    }
    if (looked_) looked_();
  }
}

bool FileWatcher::Wait(std::chrono::milliseconds time) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  MutexLock lock(&mu_);
  while (!stop_ && cv_.WaitUntil(&mu_, deadline)) {
  }
  return !stop_;
}

std::string FileWatcher::DigestOfFile() const {
  std::ifstream file(path_, std::ios::binary);
  std::error_code ignored;
  // A folder can be opened, and read as if it were empty.
  if (!file || std::filesystem::is_directory(path_, ignored)) return "";
  std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(content.data()), content.size(),
         reinterpret_cast<unsigned char*>(&digest[0]));
  // It may be a private key.
  OPENSSL_cleanse(&content[0], content.size());
  return digest;
}

}  // namespace trilho
