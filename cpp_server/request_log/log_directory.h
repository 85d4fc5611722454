// A temporary folder for tests, with log files in it.

#ifndef TRILHO_CPP_SERVER_REQUEST_LOG_LOG_DIRECTORY_H_
#define TRILHO_CPP_SERVER_REQUEST_LOG_LOG_DIRECTORY_H_

#include <string>
#include <vector>

#include "cpp_server/request_log/log_file_name.h"
#include "cpp_server/testing/test_directory.h"
#include "cpp_server/tfrecord/record_reader.h"
#include "gtest/gtest.h"

namespace trilho {

class LogDirectory : public TestDirectory {
 public:
  // Of the model `name`.
  std::string Prefix(const std::string& name = "m") const { return Path(name); }

  // Of one kind, oldest first.
  std::vector<LogFile> Files(LogFile::Kind kind, const std::string& name = "m") const {
    std::vector<LogFile> files;
    const auto all = ListLogFiles(Prefix(name));
    EXPECT_TRUE(all.ok()) << all.status();
    for (const LogFile& file : all.value_or(std::vector<LogFile>())) {
      if (file.kind == kind) files.push_back(file);
    }
    return files;
  }

  static std::vector<std::string> RecordsOf(const std::string& path) {
    std::vector<std::string> records;
    auto reader = RecordReader::Open(path);
    EXPECT_TRUE(reader.ok()) << reader.status();
    std::string record;
    while (reader.ok()) {
      const auto more = (*reader)->Read(&record);
      EXPECT_TRUE(more.ok()) << more.status();
      if (!more.ok() || !*more) break;
      records.push_back(record);
    }
    return records;
  }

  // Those in all closed files, in order.
  std::vector<std::string> Records(const std::string& name = "m") const {
    std::vector<std::string> records;
    for (const LogFile& file : Files(LogFile::Kind::kClosed, name)) {
      for (std::string& record : RecordsOf(file.path)) records.push_back(std::move(record));
    }
    return records;
  }
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_REQUEST_LOG_LOG_DIRECTORY_H_
