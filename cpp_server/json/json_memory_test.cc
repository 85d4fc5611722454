#include "cpp_server/json/json_memory.h"

#include <sys/resource.h>

#include <cstdint>
#include <fstream>
#include <new>
#include <string>

#include "cpp_server/json/json_document.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

TEST(JsonAllocator, ThrowsWhereThereIsNoMemory) {
  JsonAllocator allocator;
  EXPECT_EQ(allocator.Malloc(0), nullptr);
  EXPECT_THROW(allocator.Malloc(SIZE_MAX / 2), std::bad_alloc);
  void* bytes = allocator.Malloc(10);
  EXPECT_THROW(allocator.Realloc(bytes, 10, SIZE_MAX / 2), std::bad_alloc);
  bytes = allocator.Realloc(bytes, 10, 20);
  ASSERT_NE(bytes, nullptr);
  EXPECT_EQ(allocator.Realloc(bytes, 20, 0), nullptr);
}

// Lets the process have little more memory than it has.
class LittleMemory {
 public:
  explicit LittleMemory(rlim_t more) {
    getrlimit(RLIMIT_AS, &before_);
    rlimit little = before_;
    rlim_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    little.rlim_cur = pages * 4096 + more;
    setrlimit(RLIMIT_AS, &little);
  }
  ~LittleMemory() { setrlimit(RLIMIT_AS, &before_); }
  LittleMemory(const LittleMemory&) = delete;
  LittleMemory& operator=(const LittleMemory&) = delete;

 private:
  rlimit before_{};
};

TEST(JsonDocument, ThatDoesNotFitIsAnErrorAndFreesWhatItHad) {
  // Its values take sixteen bytes each.
  std::string list = "{\"instances\": [1";
  for (int i = 0; i < 4000000; ++i) list += ",1";
  list += "]}";
  std::string text = "{\"key\": \"" + std::string(64 << 20, 'x') + "\"}";
  for (const std::string& large : {list, text}) {
    {
      const LittleMemory little(32 << 20);
      JsonDocument document;
      const absl::Status parsed = ParseJsonObject(large, &document);
      EXPECT_EQ(parsed.code(), absl::StatusCode::kResourceExhausted) << parsed;
      JsonDocument small;
      EXPECT_TRUE(ParseJsonObject("{\"instances\": [1]}", &small).ok());
    }
    JsonDocument document;
    EXPECT_TRUE(ParseJsonObject(large, &document).ok());
  }
}

}  // namespace
}  // namespace trilho
