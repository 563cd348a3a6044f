// SPDX-License-Identifier: Apache-2.0
#include "store_rocksdb/rocksdb_store.h"

#include <fcntl.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <mutex>
#include <shared_mutex>
#include <system_error>
#include <utility>
#include <vector>

namespace spotter::store_rocksdb {

struct Memory {
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;
};

std::shared_ptr<Memory> MakeMemory(size_t cache_bytes, size_t write_buffer_bytes) {
  const std::shared_ptr<rocksdb::Cache> cache = rocksdb::NewLRUCache(cache_bytes);
  return std::make_shared<Memory>(Memory{
      .cache = cache,
      .write_buffers = std::make_shared<rocksdb::WriteBufferManager>(write_buffer_bytes, cache)});
}
namespace {

using store::Family;

constexpr std::array<const char*, store::kFamilies> kFamilyNames{"state", "timers", "outbox"};
constexpr double kBloomBitsPerKey = 10;
constexpr uint64_t kWalBytesMax = 128u << 20;
// Deleted personal data must be gone from the files this long after its deletion.
constexpr uint64_t kCompactionPeriodSeconds = 7 * 24 * 3600;
// A new iterator of the timers reads every range deletion in the memtable, so there may be few.
constexpr int kRangeDeletionsMax = 300;

rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

Status FromRocksDb(const rocksdb::Status& status, std::string_view directory) {
  if (status.ok()) return OkStatus();
  const std::string reason = status.ToString();
  if (status.IsCorruption()) return DataLoss("store '{}': {}", directory, reason);
  if (status.IsInvalidArgument() || status.IsNotSupported() || status.IsBusy()) {
    return FailedPrecondition("store '{}': {}", directory, reason);
  }
  return Unavailable("store '{}': {}", directory, reason);
}

// Remembers that background work failed. RocksDB goes on accepting some writes then; we do not,
// and never resume: the shard closes the store and opens it again.
class FailureListener final : public rocksdb::EventListener {
 public:
  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status*) override {
    failed_ = true;
  }
  bool failed() const { return failed_; }
  void Fail() { failed_ = true; }

 private:
  std::atomic<bool> failed_ = false;
};

class RocksDbStore final : public store::Store {
 public:
  RocksDbStore(std::string directory, std::shared_ptr<FailureListener> failures,
               std::unique_ptr<rocksdb::DB> db, std::vector<rocksdb::ColumnFamilyHandle*> families)
      : directory_(std::move(directory)),
        failures_(std::move(failures)),
        db_(std::move(db)),
        families_(std::move(families)) {}
  ~RocksDbStore() override {
    // Entry 0 is RocksDB's own default family, which holds nothing.
    for (rocksdb::ColumnFamilyHandle* family : families_) db_->DestroyColumnFamilyHandle(family);
    db_->Close().PermitUncheckedError();
  }

  StatusOr<std::optional<std::string>> Get(Family family, std::string_view key) const override;
  Status Scan(Family family, std::string_view begin, std::string_view end,
              const Visit& visit) const override;
  StatusOr<std::unique_ptr<store::Reader>> View() const override;
  Status Commit(const store::WriteBatch& batch) override;
  Status Sync() override;
  Status Reopen() override;
  Status Checkpoint(const std::string& path) override;

 private:
  class SnapshotView;
  // As of the snapshot; nullptr: as it is now.
  StatusOr<std::optional<std::string>> GetAt(const rocksdb::Snapshot* snapshot, Family family,
                                             std::string_view key) const;
  Status ScanAt(const rocksdb::Snapshot* snapshot, Family family, std::string_view begin,
                std::string_view end, const Visit& visit) const;
  rocksdb::ColumnFamilyHandle* HandleOf(Family family) const {
    return families_[static_cast<size_t>(family) + 1];
  }
  rocksdb::Status Copy(const store::WriteBatch& batch);
  rocksdb::Status DeleteEach(const store::WriteBatch& batch,
                             const store::WriteBatch::Operation& range);
  Status BoundRangeDeletions();
  Status Checked(const rocksdb::Status& status);
  Status CheckUsable() const;

  const std::string directory_;
  const std::shared_ptr<FailureListener> failures_;  // shared with the DB
  const std::unique_ptr<rocksdb::DB> db_;
  const std::vector<rocksdb::ColumnFamilyHandle*> families_;
  rocksdb::WriteBatch copy_;  // of the batch being committed; kept for its memory
  std::array<int, store::kFamilies> range_deletions_{};
};

StatusOr<std::optional<std::string>> RocksDbStore::Get(Family family, std::string_view key) const {
  return GetAt(nullptr, family, key);
}

Status RocksDbStore::Scan(Family family, std::string_view begin, std::string_view end,
                          const Visit& visit) const {
  return ScanAt(nullptr, family, begin, end, visit);
}

// Holds a snapshot of RocksDB.
class RocksDbStore::SnapshotView final : public store::Reader {
 public:
  explicit SnapshotView(const RocksDbStore& store)
      : store_(store), snapshot_(store.db_->GetSnapshot()) {}
  ~SnapshotView() override { store_.db_->ReleaseSnapshot(snapshot_); }
  StatusOr<std::optional<std::string>> Get(Family family, std::string_view key) const override {
    return store_.GetAt(snapshot_, family, key);
  }
  Status Scan(Family family, std::string_view begin, std::string_view end,
              const Visit& visit) const override {
    return store_.ScanAt(snapshot_, family, begin, end, visit);
  }

 private:
  const RocksDbStore& store_;
  const rocksdb::Snapshot* const snapshot_;
};

StatusOr<std::unique_ptr<store::Reader>> RocksDbStore::View() const {
  return std::unique_ptr<store::Reader>(std::make_unique<SnapshotView>(*this));
}

StatusOr<std::optional<std::string>> RocksDbStore::GetAt(const rocksdb::Snapshot* snapshot,
                                                         Family family,
                                                         std::string_view key) const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  std::string value;
  const rocksdb::Status status = db_->Get(options, HandleOf(family), ToSlice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return FromRocksDb(status, directory_);
  return std::optional<std::string>(std::move(value));
}

Status RocksDbStore::ScanAt(const rocksdb::Snapshot* snapshot, Family family,
                            std::string_view begin, std::string_view end,
                            const Visit& visit) const {
  const rocksdb::Slice upper_bound = ToSlice(end);
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  if (!end.empty()) options.iterate_upper_bound = &upper_bound;
  const std::unique_ptr<rocksdb::Iterator> row(db_->NewIterator(options, HandleOf(family)));
  for (row->Seek(ToSlice(begin)); row->Valid(); row->Next()) {
    if (!visit(ToView(row->key()), ToView(row->value()))) break;
  }
  return FromRocksDb(row->status(), directory_);
}

Status RocksDbStore::Commit(const store::WriteBatch& batch) {
  if (batch.empty()) return OkStatus();
  SPOTTER_RETURN_IF_ERROR(CheckUsable());
  SPOTTER_RETURN_IF_ERROR(Checked(Copy(batch)));
  SPOTTER_RETURN_IF_ERROR(Checked(db_->Write(rocksdb::WriteOptions(), &copy_)));
  return BoundRangeDeletions();
}

rocksdb::Status RocksDbStore::Copy(const store::WriteBatch& batch) {
  using Kind = store::WriteBatch::Operation::Kind;
  copy_.Clear();
  rocksdb::Status status;
  for (const store::WriteBatch::Operation& operation : batch.operations()) {
    rocksdb::ColumnFamilyHandle* const family = HandleOf(operation.family);
    switch (operation.kind) {
      case Kind::kPut:
        status = copy_.Put(family, operation.key, operation.value);
        break;
      case Kind::kDelete:
        status = copy_.Delete(family, operation.key);
        break;
      case Kind::kDeleteRange:
        if (operation.family == Family::kState) {
          status = DeleteEach(batch, operation);
          break;
        }
        status = copy_.DeleteRange(family, operation.key, operation.value);
        ++range_deletions_[static_cast<size_t>(operation.family)];
        break;
    }
    if (!status.ok()) break;
  }
  return status;
}

// The rows of a range one by one: `state` must have no range deletion (FamilyOptions says why), and
// no batch of Apply asks for one.
rocksdb::Status RocksDbStore::DeleteEach(const store::WriteBatch& batch,
                                         const store::WriteBatch::Operation& range) {
  rocksdb::ColumnFamilyHandle* const family = HandleOf(range.family);
  const rocksdb::Slice upper_bound = ToSlice(range.value);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper_bound;
  const std::unique_ptr<rocksdb::Iterator> row(db_->NewIterator(options, family));
  for (row->Seek(range.key); row->Valid(); row->Next()) {
    if (rocksdb::Status status = copy_.Delete(family, row->key()); !status.ok()) return status;
  }
  for (const store::WriteBatch::Operation& earlier : batch.operations()) {
    if (&earlier == &range) break;
    if (earlier.family != range.family ||
        earlier.kind != store::WriteBatch::Operation::Kind::kPut || earlier.key < range.key ||
        earlier.key >= range.value) {
      continue;
    }
    if (rocksdb::Status status = copy_.Delete(family, earlier.key); !status.ok()) return status;
  }
  return row->status();
}

Status RocksDbStore::BoundRangeDeletions() {
  rocksdb::FlushOptions in_background;
  in_background.wait = false;
  in_background.allow_write_stall = false;
  for (int i = 0; i < store::kFamilies; ++i) {
    int& count = range_deletions_[static_cast<size_t>(i)];
    if (count < kRangeDeletionsMax) continue;
    count = 0;
    SPOTTER_RETURN_IF_ERROR(Checked(db_->Flush(in_background, HandleOf(static_cast<Family>(i)))));
  }
  return OkStatus();
}

Status RocksDbStore::Sync() {
  SPOTTER_RETURN_IF_ERROR(CheckUsable());
  return Checked(db_->FlushWAL(/*sync=*/true));
}

Status SyncPath(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (synced) return OkStatus();
  return Unavailable("cannot sync '{}': {}", path.string(), std::generic_category().message(error));
}

Status SyncTree(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::directory_iterator entry(directory, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    SPOTTER_RETURN_IF_ERROR(SyncPath(entry->path()));
  }
  if (error) return Unavailable("cannot list '{}': {}", directory.string(), error.message());
  SPOTTER_RETURN_IF_ERROR(SyncPath(directory));
  return SyncPath(std::filesystem::absolute(directory).lexically_normal().parent_path());
}

Status RocksDbStore::Checkpoint(const std::string& path) {
  SPOTTER_RETURN_IF_ERROR(CheckUsable());
  if (std::error_code ignored; std::filesystem::exists(path, ignored)) {
    return FailedPrecondition("checkpoint '{}': already exists, expected a new directory", path);
  }
  rocksdb::Checkpoint* created = nullptr;
  SPOTTER_RETURN_IF_ERROR(
      FromRocksDb(rocksdb::Checkpoint::Create(db_.get(), &created), directory_));
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(created);
  // 0: the memtables are flushed first, so that the copy needs no write-ahead log.
  SPOTTER_RETURN_IF_ERROR(
      FromRocksDb(checkpoint->CreateCheckpoint(path, /*log_size_for_flush=*/0), path));
  return SyncTree(path);
}

Status RocksDbStore::Reopen() {
  return Unavailable("store '{}': opened anew by its owner only", directory_);
}

// A failed write leaves open what is stored: nothing more may be written until a reopen.
Status RocksDbStore::Checked(const rocksdb::Status& status) {
  if (!status.ok()) failures_->Fail();
  return FromRocksDb(status, directory_);
}

Status RocksDbStore::CheckUsable() const {
  if (!failures_->failed()) return OkStatus();
  return Unavailable("store '{}': an earlier write failed, it must be opened again", directory_);
}

rocksdb::ColumnFamilyOptions FamilyOptions(const Options& options, Family family,
                                           const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.format_version = 5;
  rocksdb::ColumnFamilyOptions result;
  result.compression = rocksdb::kLZ4Compression;
  result.level_compaction_dynamic_level_bytes = true;
  result.periodic_compaction_seconds = kCompactionPeriodSeconds;
  if (family == Family::kState) {
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
    table.whole_key_filtering = true;
    result.memtable_whole_key_filtering = true;
    result.memtable_prefix_bloom_size_ratio = 0.05;
    result.write_buffer_size = options.write_buffer_bytes;
    // One hint for the whole memtable: a batch is sorted, so each insert starts where the last
    // ended. Not for a family with range deletions: RocksDB 7.8 hands their table the same hint.
    result.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(0));
  } else {
    result.write_buffer_size = options.write_buffer_bytes / 4;
  }
  result.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return result;
}

rocksdb::DBOptions DatabaseOptions(const std::shared_ptr<FailureListener>& failures) {
  rocksdb::DBOptions result;
  result.create_if_missing = true;  // PrepareDirectory has decided
  result.create_missing_column_families = true;
  result.max_background_jobs = 2;
  result.allow_concurrent_memtable_write = false;  // one writer; and hints need it
  result.max_total_wal_size = kWalBytesMax;
  result.bytes_per_sync = 1u << 20;
  result.max_bgerror_resume_count = 0;
  result.listeners.push_back(failures);
  result.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  result.keep_log_file_num = 4;
  result.stats_dump_period_sec = 0;
  return result;
}

bool IsHeldByAnother(const rocksdb::Status& status) {
  const std::string reason = status.ToString();
  return reason.find("While lock file") != std::string::npos ||
         reason.find("lock hold by current process") != std::string::npos;
}

// Makes `directory` ready for DB::Open, which would take a missing CURRENT for a new database.
Status PrepareDirectory(const std::string& directory, bool create_if_missing) {
  namespace fs = std::filesystem;
  std::error_code error;
  const bool has_database = fs::exists(fs::path(directory) / "CURRENT", error);
  if (!has_database && !create_if_missing) {
    return NotFound("store '{}': there is none in this directory", directory);
  }
  fs::create_directory(directory, error);
  if (error) {
    return FailedPrecondition("store '{}': cannot create the directory: {}", directory,
                              error.message());
  }
  if (::access(directory.c_str(), W_OK) != 0) {
    return FailedPrecondition("store '{}': {}, expected a writable directory", directory,
                              std::generic_category().message(errno));
  }
  if (has_database) return OkStatus();
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
    const fs::path extension = entry.path().extension();
    if (extension == ".sst" || extension == ".log") {
      return DataLoss("store '{}': file CURRENT is missing beside {}", directory,
                      entry.path().filename().string());
    }
  }
  return OkStatus();
}

StatusOr<std::unique_ptr<store::Store>> OpenOnce(const Options& options, bool create_if_missing) {
  SPOTTER_RETURN_IF_ERROR(PrepareDirectory(options.directory, create_if_missing));
  const auto failures = std::make_shared<FailureListener>();
  const std::shared_ptr<rocksdb::Cache> cache =
      options.memory != nullptr ? options.memory->cache : rocksdb::NewLRUCache(options.cache_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.emplace_back(rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions());
  for (int i = 0; i < store::kFamilies; ++i) {
    descriptors.emplace_back(kFamilyNames[static_cast<size_t>(i)],
                             FamilyOptions(options, static_cast<Family>(i), cache));
  }
  rocksdb::DB* opened = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  rocksdb::DBOptions database = DatabaseOptions(failures);
  if (options.memory != nullptr) database.write_buffer_manager = options.memory->write_buffers;
  const rocksdb::Status status =
      rocksdb::DB::Open(database, options.directory, descriptors, &families, &opened);
  if (IsHeldByAnother(status)) {
    return FailedPrecondition("data directory '{}' is in use by another process",
                              options.directory);
  }
  SPOTTER_RETURN_IF_ERROR(FromRocksDb(status, options.directory));
  return std::make_unique<RocksDbStore>(options.directory, failures,
                                        std::unique_ptr<rocksdb::DB>(opened), std::move(families));
}

// Keeps the store open while it lives.
class OpenView final : public store::Reader {
 public:
  OpenView(std::shared_lock<std::shared_mutex> lock, std::unique_ptr<store::Reader> view)
      : lock_(std::move(lock)), view_(std::move(view)) {}
  StatusOr<std::optional<std::string>> Get(Family family, std::string_view key) const override {
    return view_->Get(family, key);
  }
  Status Scan(Family family, std::string_view begin, std::string_view end,
              const Visit& visit) const override {
    return view_->Scan(family, begin, end, visit);
  }

 private:
  const std::shared_lock<std::shared_mutex> lock_;
  const std::unique_ptr<store::Reader> view_;
};

// RocksDB takes no writes after one has failed, so a reopen replaces the database under the port.
// Readers of other threads hold the lock shared; nobody waits for it but during a reopen.
class ReopenedStore final : public store::Store {
 public:
  ReopenedStore(Options options, std::unique_ptr<store::Store> store)
      : options_(std::move(options)), store_(std::move(store)) {}

  StatusOr<std::optional<std::string>> Get(Family family, std::string_view key) const override {
    const std::shared_lock lock(mutex_);
    if (store_ == nullptr) return Closed();
    return store_->Get(family, key);
  }
  Status Scan(Family family, std::string_view begin, std::string_view end,
              const Visit& visit) const override {
    const std::shared_lock lock(mutex_);
    if (store_ == nullptr) return Closed();
    return store_->Scan(family, begin, end, visit);
  }
  StatusOr<std::unique_ptr<store::Reader>> View() const override {
    std::shared_lock lock(mutex_);
    if (store_ == nullptr) return Closed();
    SPOTTER_ASSIGN_OR_RETURN(auto view, store_->View());
    return std::unique_ptr<store::Reader>(
        std::make_unique<OpenView>(std::move(lock), std::move(view)));
  }
  Status Commit(const store::WriteBatch& batch) override {
    const std::shared_lock lock(mutex_);
    if (store_ == nullptr) return Closed();
    return store_->Commit(batch);
  }
  Status Sync() override {
    const std::shared_lock lock(mutex_);
    if (store_ == nullptr) return Closed();
    return store_->Sync();
  }
  Status Checkpoint(const std::string& path) override {
    const std::shared_lock lock(mutex_);
    if (store_ == nullptr) return Closed();
    return store_->Checkpoint(path);
  }
  Status Reopen() override {
    const std::unique_lock lock(mutex_);
    store_.reset();
    SPOTTER_ASSIGN_OR_RETURN(store_, OpenOnce(options_, /*create_if_missing=*/false));
    return OkStatus();
  }

 private:
  Status Closed() const {
    return Unavailable("store '{}': closed, it could not be opened again yet", options_.directory);
  }

  const Options options_;
  mutable std::shared_mutex mutex_;
  std::unique_ptr<store::Store> store_;
};

}  // namespace

StatusOr<std::unique_ptr<store::Store>> Open(const Options& options, bool create_if_missing) {
  SPOTTER_ASSIGN_OR_RETURN(std::unique_ptr<store::Store> store,
                           OpenOnce(options, create_if_missing));
  return std::make_unique<ReopenedStore>(options, std::move(store));
}

}  // namespace spotter::store_rocksdb
