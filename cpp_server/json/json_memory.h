// RapidJSON's types with an allocator that does not return null.

#ifndef TRILHO_CPP_SERVER_JSON_JSON_MEMORY_H_
#define TRILHO_CPP_SERVER_JSON_JSON_MEMORY_H_

#include <cstddef>
#include <cstdlib>
#include <new>

// Before any header of RapidJSON: a violated contract must not go on.
#define RAPIDJSON_ASSERT(x) ((x) ? static_cast<void>(0) : std::abort())
#include "rapidjson/document.h"
#include "rapidjson/reader.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace trilho {

// An Allocator in RapidJSON's sense. RapidJSON writes to what it gets without
// looking, so where there is no memory this throws std::bad_alloc, which whoever
// calls a handler turns into RESOURCE_EXHAUSTED.
class JsonAllocator {
 public:
  static constexpr bool kNeedFree = true;

  void* Malloc(size_t size) { return size == 0 ? nullptr : OrThrow(std::malloc(size)); }
  void* Realloc(void* bytes, size_t /*old_size*/, size_t size) {
    if (size > 0) return OrThrow(std::realloc(bytes, size));
    std::free(bytes);
    return nullptr;
  }
  static void Free(void* bytes) { std::free(bytes); }

 private:
  static void* OrThrow(void* bytes) {
    if (bytes == nullptr) throw std::bad_alloc();
    return bytes;
  }
};

using JsonPool = rapidjson::MemoryPoolAllocator<JsonAllocator>;
using JsonValue = rapidjson::GenericValue<rapidjson::UTF8<>, JsonPool>;
using JsonDocument = rapidjson::GenericDocument<rapidjson::UTF8<>, JsonPool, JsonAllocator>;
using JsonReader = rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, JsonAllocator>;
using JsonBuffer = rapidjson::GenericStringBuffer<rapidjson::UTF8<>, JsonAllocator>;
using JsonWriter = rapidjson::Writer<JsonBuffer, rapidjson::UTF8<>, rapidjson::UTF8<>, JsonAllocator>;

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_JSON_JSON_MEMORY_H_
