// A main for fuzz targets where libFuzzer is not at hand: runs each seed, and
// mutations of the seeds, from a fixed random sequence. Finds less than
// libFuzzer, but is the same test everywhere and every time.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "cpp_server/fuzz/fuzz_target.h"
#include "google/protobuf/stubs/logging.h"

namespace {

constexpr int kRuns = 20000;
constexpr size_t kMaxBytes = 1 << 16;

class Mutator {
 public:
  explicit Mutator(const std::vector<std::string>& seeds) : seeds_(seeds) {}

  std::string Next() {
    std::string bytes = Pick();
    for (size_t i = 0, n = 1 + Below(4); i < n; ++i) Mutate(&bytes);
    if (bytes.size() > kMaxBytes) bytes.resize(kMaxBytes);
    return bytes;
  }

 private:
  size_t Below(size_t bound) { return bound == 0 ? 0 : random_() % bound; }
  const std::string& Pick() { return seeds_[Below(seeds_.size())]; }

  void Mutate(std::string* bytes) {
    const size_t at = Below(bytes->size() + 1);
    switch (Below(6)) {
      case 0:  // another bit
        if (at < bytes->size()) (*bytes)[at] = static_cast<char>((*bytes)[at] ^ (1 << Below(8)));
        return;
      case 1:  // another byte, often a telling one
        if (at < bytes->size()) (*bytes)[at] = "\x00\x01\x7f\x80\xff\"{[,:%"[Below(11)];
        return;
      case 2:
        bytes->resize(at);
        return;
      case 3:
        bytes->erase(at, 1 + Below(8));
        return;
      case 4: {  // a piece of another seed
        const std::string& other = Pick();
        const size_t begin = Below(other.size() + 1);
        bytes->insert(at, other.substr(begin, Below(64)));
        return;
      }
      default:  // a piece of itself again
        bytes->insert(at, bytes->substr(Below(bytes->size() + 1), Below(32)));
    }
  }

  const std::vector<std::string> seeds_;
  std::mt19937 random_{20210117};
};

}  // namespace

int main() {
  // Complaints about what is no UTF-8, by the thousand.
  google::protobuf::SetLogHandler(nullptr);
  std::vector<std::string> seeds = trilho::FuzzSeeds();
  seeds.emplace_back();
  for (const std::string& seed : seeds) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(seed.data()), seed.size());
  }
  Mutator mutator(seeds);
  for (int i = 0; i < kRuns; ++i) {
    const std::string bytes = mutator.Next();
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  }
  std::printf("%zu seeds and %d mutations\n", seeds.size(), kRuns);
  return 0;
}
