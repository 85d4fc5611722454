#include "cpp_server/files/plain_file.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <string>

#include "cpp_server/testing/test_directory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class PlainFileTest : public ::testing::Test {
 protected:
  void MakeFifo(const std::string& name) { ASSERT_EQ(::mkfifo(dir_.Path(name).c_str(), 0600), 0); }
  void MakeSocket(const std::string& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // The path of a socket has a hundred characters at most.
    const std::filesystem::path here = std::filesystem::current_path();
    std::filesystem::current_path(dir_.path());
    std::strncpy(address.sun_path, name.c_str(), sizeof(address.sun_path) - 1);
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    ::close(socket);
    std::filesystem::current_path(here);
  }
  void Link(const std::string& target, const std::string& name) {
    std::filesystem::create_symlink(target, dir_.Path(name));
  }
  absl::StatusOr<std::string> Read(const std::string& name, int64_t max_bytes = 100) {
    return ReadPlainFile(dir_.Path(name), max_bytes);
  }

  TestDirectory dir_;
};

TEST_F(PlainFileTest, IsReadAsAWholeAndThroughALink) {
  const std::string large(size_t{200} << 10, 'x');
  dir_.Write("a", "content");
  dir_.Write("empty", "");
  dir_.Write("large", large);
  Link(dir_.Path("a"), "b");
  EXPECT_EQ(*Read("a"), "content");
  EXPECT_EQ(*Read("b"), "content");
  EXPECT_EQ(*Read("empty"), "");
  EXPECT_EQ(*Read("large", 1 << 20), large);
}

TEST_F(PlainFileTest, OneThatIsTooLargeIsNotRead) {
  dir_.Write("a", std::string(101, 'x'));
  EXPECT_EQ(Read("a").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(Read("a").status().message()), HasSubstr("/a has more than 100 bytes"));
  EXPECT_EQ(Read("a", 101)->size(), 101u);
}

TEST_F(PlainFileTest, AnythingElseIsRefusedByItsKindAndNotWaitedFor) {
  MakeFifo("fifo");
  MakeSocket("socket");
  dir_.MakeFolder("folder");
  Link("/dev/zero", "zero");
  Link(dir_.Path("fifo"), "link");
  for (const auto& [name, kind] : {std::pair<const char*, const char*>{"fifo", "a FIFO"},
                                   {"link", "a FIFO"},
                                   {"socket", "a socket"},
                                   {"folder", "a folder"},
                                   {"zero", "a device"}}) {
    const absl::Status status = Read(name).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_EQ(status.message(), absl::StrCat(dir_.Path(name), " is ", kind, ", not a plain file"));
  }
  EXPECT_EQ(Read("nothing").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(PlainFileTest, AVersionConsistsOfPlainFiles) {
  dir_.Write("1/saved_model.pb", "graph");
  dir_.Write("weights/variables.index", "index");
  Link(dir_.Path("weights"), "1/variables");
  Link(dir_.Path("nowhere"), "1/dangling");
  // Without an end.
  Link(dir_.Path("1"), "1/again");
  EXPECT_EQ(CheckOnlyPlainFiles(dir_.Path("1")), absl::OkStatus());
  EXPECT_EQ(CheckOnlyPlainFiles(dir_.Path("2")), absl::OkStatus()) << "whoever opens it will tell";
  MakeFifo("weights/variables.data-00000-of-00001");
  const absl::Status status = CheckOnlyPlainFiles(dir_.Path("1"));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), StartsWith(dir_.Path("1/")));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("/variables.data-00000-of-00001 is a FIFO; a version consists of plain files and folders"));
}

}  // namespace
}  // namespace trilho
