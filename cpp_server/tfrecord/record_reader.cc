#include "cpp_server/tfrecord/record_reader.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp_server/advice/words.h"
#include "cpp_server/tfrecord/crc32c.h"
#include "cpp_server/tfrecord/record_header.h"

namespace trilho {
namespace {

// Whether `data` is what the checksum that follows it in the file says.
bool Matches(absl::string_view data, const char* crc) { return MaskedCrc32c(data) == LoadLittleEndian<uint32_t>(crc); }

}  // namespace

absl::StatusOr<std::unique_ptr<RecordReader>> RecordReader::Open(const std::string& path, const Options& options) {
  if (options.max_record_bytes <= 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_record_bytes is ", options.max_record_bytes, ", but must be positive"));
  }
  auto file = OpenPlainFile(path);
  if (!file.ok()) return file.status();
  struct stat info {};
  if (::fstat(::fileno(file->get()), &info) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("Cannot look at ", path));
  }
  return std::unique_ptr<RecordReader>(new RecordReader(path, *std::move(file), int64_t{info.st_size}, options));
}

RecordReader::RecordReader(std::string path, File file, int64_t size, const Options& options)
    : path_(std::move(path)), file_(std::move(file)), max_record_bytes_(options.max_record_bytes), size_(size) {}

absl::StatusOr<bool> RecordReader::Read(std::string* record) {
  if (!status_.ok()) return status_;
  if (offset_ == size_) return false;
  status_ = ReadRecord(record);
  if (!status_.ok()) return status_;
  return true;
}

absl::Status RecordReader::ReadRecord(std::string* record) {
  const auto left = static_cast<uint64_t>(size_ - offset_);
  if (left < kRecordHeaderSize) return Truncated();
  char header[kRecordHeaderSize];
  absl::Status read = ReadBytes(sizeof(header), header);
  if (!read.ok()) return read;
  if (!Matches(absl::string_view(header, kRecordLengthSize), header + kRecordLengthSize)) {
    return absl::DataLossError(
        absl::StrCat("corrupted record at ", offset_, " (Is this even a TFRecord file?) of ", path_));
  }
  const auto length = LoadLittleEndian<uint64_t>(header);
  if (length > static_cast<uint64_t>(max_record_bytes_)) {
    return absl::ResourceExhaustedError(absl::StrCat("the record at ", offset_, " of ", path_, " has ",
                                                     Counted(length, "byte"), ", more than max_record_bytes (",
                                                     max_record_bytes_, ")"));
  }
  if (left < kRecordFraming || left - kRecordFraming < length) return Truncated();
  record->resize(length);
  read = ReadBytes(length, &(*record)[0]);
  if (!read.ok()) return read;
  char crc[kRecordCrcSize];
  read = ReadBytes(sizeof(crc), crc);
  if (!read.ok()) return read;
  if (!Matches(*record, crc)) {
    return absl::DataLossError(
        absl::StrCat("corrupted record at ", offset_ + static_cast<int64_t>(kRecordHeaderSize), " of ", path_));
  }
  offset_ += static_cast<int64_t>(length + kRecordFraming);
  return absl::OkStatus();
}

absl::Status RecordReader::ReadBytes(size_t size, char* bytes) {
  if (std::fread(bytes, 1, size, file_.get()) == size) return absl::OkStatus();
  if (std::ferror(file_.get()) != 0) return absl::ErrnoToStatus(errno, absl::StrCat("Cannot read ", path_));
  return Truncated();  // somebody has cut the file meanwhile
}

absl::Status RecordReader::Truncated() {
  truncated_ = true;
  return absl::DataLossError(absl::StrCat("truncated record at ", offset_, " of ", path_));
}

}  // namespace trilho
