// TFRecord files, whole, cut and damaged: what is read is what stands in the file, and what is cut can be recovered.

#include "absl/strings/str_cat.h"
#include "cpp_server/fuzz/fuzz_target.h"
#include "cpp_server/fuzz/memory_file.h"
#include "cpp_server/tfrecord/crc32c.h"
#include "cpp_server/tfrecord/record_header.h"
#include "cpp_server/tfrecord/record_reader.h"
#include "cpp_server/tfrecord/record_recovery.h"

namespace trilho {
namespace {

constexpr size_t kMaxRecordBytes = 512;

void StoreCrc(absl::string_view data, char* crc) { StoreLittleEndian(MaskedCrc32c(data), crc); }

std::string Framed(absl::string_view record) {
  std::string bytes(kRecordHeaderSize, '\0');
  StoreLittleEndian(uint64_t{record.size()}, &bytes[0]);
  StoreCrc({bytes.data(), kRecordLengthSize}, &bytes[kRecordLengthSize]);
  bytes.append(record.data(), record.size());
  bytes.resize(bytes.size() + kRecordCrcSize);
  StoreCrc(record, &bytes[bytes.size() - kRecordCrcSize]);
  return bytes;
}

// Puts checksums right, which mutations cannot be expected to find.
void Repair(std::string* file) {
  for (size_t at = 0; file->size() - at >= kRecordFraming;) {
    char* const header = &(*file)[at];
    StoreCrc({header, kRecordLengthSize}, header + kRecordLengthSize);
    const auto length = LoadLittleEndian<uint64_t>(header);
    if (length > file->size() - at - kRecordFraming) return;
    char* const record = header + kRecordHeaderSize;
    StoreCrc({record, length}, record + length);
    at += kRecordFraming + length;
  }
}

struct ReadFile {
  // As they stood in the file.
  std::string bytes;
  int64_t records = 0;
  bool truncated = false;
  absl::Status status;
};

ReadFile Read(const std::string& path) {
  RecordReader::Options options;
  options.max_record_bytes = kMaxRecordBytes;
  const auto reader = RecordReader::Open(path, options);
  FuzzRequire(reader.ok(), "the file can be opened");
  ReadFile file;
  std::string record;
  for (;;) {
    const auto more = (*reader)->Read(&record);
    file.status = more.status();
    if (!more.ok() || !*more) break;
    ++file.records;
    file.bytes += Framed(record);
    FuzzRequire(record.size() <= kMaxRecordBytes, "no record is longer than allowed");
    FuzzRequire((*reader)->offset() == static_cast<int64_t>(file.bytes.size()), "the reader knows where it is");
  }
  FuzzRequire((*reader)->Read(&record).status() == file.status, "an error stays");
  file.truncated = (*reader)->truncated();
  return file;
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  const std::string file = Framed("a record") + Framed("") + Framed(std::string(300, 'x'));
  // The first byte tells whether checksums are put right.
  return {"r" + file, "n" + file, "r" + file.substr(0, file.size() - 5), "n" + file + Framed("one more").substr(0, 7),
          "r" + Framed(std::string(600, 'y'))};
}

}  // namespace trilho

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trilho;  // NOLINT(google-build-using-namespace): libFuzzer's entry is outside of it
  static auto* const memory = new MemoryFile;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  const bool repair = !bytes.empty() && bytes[0] == 'r';
  if (!bytes.empty()) bytes.erase(0, 1);
  if (repair) Repair(&bytes);
  memory->Write(bytes);

  const ReadFile file = Read(memory->path());
  FuzzRequire(bytes.compare(0, file.bytes.size(), file.bytes) == 0, "the records are those of the file");
  if (file.status.ok()) {
    FuzzRequire(bytes.size() == file.bytes.size(), "the file is read to its end");
    return 0;
  }
  FuzzRequire(absl::IsDataLoss(file.status) || absl::IsResourceExhausted(file.status), "the file is at fault");
  if (!file.truncated) return 0;
  const auto recovered = RecoverRecordFile(memory->path());
  FuzzRequire(recovered.ok() && recovered->records == file.records &&
                  recovered->bytes == static_cast<int64_t>(file.bytes.size()) &&
                  recovered->bytes + recovered->bytes_cut == static_cast<int64_t>(bytes.size()),
              "whole records are kept, the unfinished one is cut");
  FuzzRequire(Read(memory->path()).status.ok(), "the recovered file is whole");
  return 0;
}
