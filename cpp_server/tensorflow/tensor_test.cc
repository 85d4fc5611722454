#include "cpp_server/tensorflow/tensor.h"

#include <cstddef>
#include <new>
#include <string>

#include "gtest/gtest.h"

namespace trilho {
namespace {

TEST(TensorTest, KeepsStringsOfAllSizes) {
  auto tensor = Tensor::Allocate(TF_STRING, {1});
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  // TensorFlow keeps up to 22 bytes in place.
  for (const size_t size : {0, 1, 21, 22, 23, 24, 4096, 100, 22, 5000}) {
    const std::string value(size, 'x');
    tensor->set_string(0, value);
    EXPECT_EQ(tensor->string(0), value) << size;
  }
}

TEST(TensorTest, AStringThatThereIsNoMemoryForChangesNothing) {
  auto tensor = Tensor::Allocate(TF_STRING, {1});
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  const std::string before(100, 'x');
  tensor->set_string(0, before);
  // Nothing is read of such a string.
  EXPECT_THROW(tensor->set_string(0, absl::string_view("", size_t{1} << 62)), std::bad_alloc);
  EXPECT_EQ(tensor->string(0), before);
}

}  // namespace
}  // namespace trilho
