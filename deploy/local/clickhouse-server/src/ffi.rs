//! The C interface of libchdb, opened at run time: the only unsafe file.
//!
//! Promises of the C side that everything here rests on (chdb.h): every pointer that a call takes is only read during
//! that call; a connection runs one statement at a time but may move between threads; results and insert streams belong
//! to the caller, who frees them once. The library is never unloaded, since its threads outlive every handle.
#![expect(unsafe_code, reason = "libchdb is C")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::ptr;

/// A pointer to something that only the library looks into.
type Opaque = *mut c_void;

type GetText = unsafe extern "C" fn(Opaque) -> *const c_char;
type GetNumber = unsafe extern "C" fn(Opaque) -> u64;
type Release = unsafe extern "C" fn(Opaque);
type Connect = unsafe extern "C" fn(c_int, *const *const c_char) -> *mut Opaque;
type Close = unsafe extern "C" fn(*mut Opaque);
/// Connection, statement, format, names and values of the parameters, each with its lengths; number of parameters.
type Start = unsafe extern "C" fn(
    Opaque,
    *const c_char,
    usize,
    *const c_char,
    usize,
    *const *const c_char,
    *const usize,
    *const *const c_char,
    *const usize,
    usize,
) -> Opaque;

/// The library could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LibraryError {
    /// No such file, not a library, or a library that lacks a function.
    #[error("{0}: fetch the pinned engine with `make fetch`")]
    Open(#[from] libloading::Error),
    /// `chdb_connect` gave nothing.
    #[error(
        "the engine does not open its data folder: it is in use by another process, or the configuration is wrong"
    )]
    Connect,
}

/// The functions of an opened library.
pub(crate) struct Library {
    set_signal_handlers_enabled: unsafe extern "C" fn(c_int),
    connect: Connect,
    close: Close,
    shutdown: unsafe extern "C" fn() -> c_int,
    query: Start,
    insert: Start,
    append: unsafe extern "C" fn(Opaque, *const c_void, usize) -> c_int,
    done: unsafe extern "C" fn(Opaque) -> Opaque,
    cancel_insert: Release,
    insert_error: GetText,
    destroy_insert: Release,
    destroy_result: Release,
    result_error: GetText,
    result_buffer: GetText,
    result_length: unsafe extern "C" fn(Opaque) -> usize,
    elapsed: unsafe extern "C" fn(Opaque) -> f64,
    rows: GetNumber,
    bytes: GetNumber,
    storage_rows: GetNumber,
    storage_bytes: GetNumber,
    rows_written: GetNumber,
    bytes_written: GetNumber,
}

impl std::fmt::Debug for Library {
    /// Function pointers say nothing.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Library").finish_non_exhaustive()
    }
}

impl Library {
    /// Opens the library for the life of the process, and turns its signal handlers off.
    pub(crate) fn open(path: &Path) -> Result<&'static Self, LibraryError> {
        // SAFETY: loading runs the initialisers of libchdb, which make no demands on us; the file's sum is pinned.
        let file = unsafe { libloading::Library::new(path) }?;
        let library = Box::leak(Box::new(Self::find(&file)?));
        std::mem::forget(file);
        // SAFETY: takes a number, and is called before the engine starts, as chdb.h asks.
        unsafe { (library.set_signal_handlers_enabled)(0) };
        Ok(library)
    }

    fn find(file: &libloading::Library) -> Result<Self, libloading::Error> {
        Ok(Self {
            set_signal_handlers_enabled: symbol(file, "chdb_set_signal_handlers_enabled")?,
            connect: symbol(file, "chdb_connect")?,
            close: symbol(file, "chdb_close_conn")?,
            shutdown: symbol(file, "chdb_shutdown")?,
            query: symbol(file, "chdb_query_with_params_n")?,
            insert: symbol(file, "chdb_stream_insert_with_params_n")?,
            append: symbol(file, "chdb_stream_append")?,
            done: symbol(file, "chdb_stream_done")?,
            cancel_insert: symbol(file, "chdb_stream_cancel_insert")?,
            insert_error: symbol(file, "chdb_stream_insert_error")?,
            destroy_insert: symbol(file, "chdb_destroy_insert_stream")?,
            destroy_result: symbol(file, "chdb_destroy_query_result")?,
            result_error: symbol(file, "chdb_result_error")?,
            result_buffer: symbol(file, "chdb_result_buffer")?,
            result_length: symbol(file, "chdb_result_length")?,
            elapsed: symbol(file, "chdb_result_elapsed")?,
            rows: symbol(file, "chdb_result_rows_read")?,
            bytes: symbol(file, "chdb_result_bytes_read")?,
            storage_rows: symbol(file, "chdb_result_storage_rows_read")?,
            storage_bytes: symbol(file, "chdb_result_storage_bytes_read")?,
            rows_written: symbol(file, "chdb_result_rows_written")?,
            bytes_written: symbol(file, "chdb_result_bytes_written")?,
        })
    }

    /// Opens a connection: a session of its own on the data folder that `arguments` name.
    pub(crate) fn connect(
        &'static self,
        arguments: &[CString],
    ) -> Result<Connection, LibraryError> {
        let count = c_int::try_from(arguments.len()).unwrap_or(c_int::MAX);
        let pointers: Vec<*const c_char> =
            arguments.iter().map(|argument| argument.as_ptr()).collect();
        // SAFETY: `count` pointers to strings that end in NUL, alive during the call, which copies them.
        let handle = unsafe { (self.connect)(count, pointers.as_ptr()) };
        if handle.is_null() {
            return Err(LibraryError::Connect);
        }
        Ok(Connection {
            library: self,
            handle,
        })
    }

    /// Joins the engine's threads. Every connection must be closed; no call may follow.
    pub(crate) fn shutdown(&self) -> bool {
        // SAFETY: takes nothing; it refuses by itself while a connection is open.
        unsafe { (self.shutdown)() == 0 }
    }

    /// Takes over a result of the library: its statistics and content, or its error.
    fn take(&self, result: Opaque) -> Result<Output, String> {
        if result.is_null() {
            return Err("the engine gave no result".to_owned());
        }
        let output = match text(self.result_error, result) {
            Some(error) => Err(error),
            None => Ok(Output {
                content: self.content(result),
                statistics: self.statistics(result),
            }),
        };
        // SAFETY: the result is ours and not used behind this line.
        unsafe { (self.destroy_result)(result) };
        output
    }

    fn content(&self, result: Opaque) -> Vec<u8> {
        // SAFETY: the result is alive, see `take`.
        let buffer = unsafe { (self.result_buffer)(result) };
        // SAFETY: as above.
        let length = unsafe { (self.result_length)(result) };
        if buffer.is_null() || length == 0 {
            return Vec::new();
        }
        // SAFETY: chdb.h promises `length` readable bytes at `buffer` for as long as the result lives.
        unsafe { std::slice::from_raw_parts(buffer.cast::<u8>(), length) }.to_vec()
    }

    fn statistics(&self, result: Opaque) -> Statistics {
        // SAFETY: each getter only reads the result, which is alive, see `take`.
        let number = |get: GetNumber| unsafe { get(result) };
        Statistics {
            read_rows: number(self.storage_rows),
            read_bytes: number(self.storage_bytes),
            written_rows: number(self.rows_written),
            written_bytes: number(self.bytes_written),
            result_rows: number(self.rows),
            result_bytes: number(self.bytes),
            // SAFETY: as above.
            elapsed_seconds: unsafe { (self.elapsed)(result) },
        }
    }
}

fn symbol<T: Copy>(file: &libloading::Library, name: &str) -> Result<T, libloading::Error> {
    // SAFETY: each name is asked for with the type that chdb.h of the pinned version declares; the library stays loaded.
    let symbol = unsafe { file.get::<T>(name) }?;
    Ok(*symbol)
}

fn text(get: GetText, handle: Opaque) -> Option<String> {
    // SAFETY: the handle is alive: callers own it.
    let text = unsafe { get(handle) };
    if text.is_null() {
        return None;
    }
    // SAFETY: not null, and chdb.h promises a string that ends in NUL and lives as long as the handle.
    Some(
        unsafe { CStr::from_ptr(text) }
            .to_string_lossy()
            .into_owned(),
    )
}

/// What a statement gave.
#[derive(Debug, Clone, Default)]
pub(crate) struct Output {
    /// The result, in the format that was asked for.
    pub(crate) content: Vec<u8>,
    /// What it took.
    pub(crate) statistics: Statistics,
}

/// What a statement read and wrote.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Statistics {
    /// Rows read from tables.
    pub(crate) read_rows: u64,
    /// Bytes read from tables.
    pub(crate) read_bytes: u64,
    /// Rows written, those of dependent views included.
    pub(crate) written_rows: u64,
    /// Bytes written, those of dependent views included.
    pub(crate) written_bytes: u64,
    /// Rows of the result.
    pub(crate) result_rows: u64,
    /// Bytes of the result in memory.
    pub(crate) result_bytes: u64,
    /// Time in the engine.
    pub(crate) elapsed_seconds: f64,
}

/// Name and value of each parameter of a statement, as `{name:Type}` in its text.
pub(crate) type Parameters = [(String, String)];

/// A session of the engine. Runs one statement at a time, hence `&mut self` everywhere.
#[derive(Debug)]
pub(crate) struct Connection {
    library: &'static Library,
    handle: *mut Opaque,
}

// SAFETY: chdb.h: calls on a connection may come from any thread as long as they do not overlap, which `&mut` ensures.
unsafe impl Send for Connection {}

impl Connection {
    /// Runs a statement and gives its whole result in `format`, unless the statement names another one.
    pub(crate) fn query(
        &mut self,
        statement: &[u8],
        format: &str,
        parameters: &Parameters,
    ) -> Result<Output, String> {
        let result = self.start(self.library.query, statement, format, parameters);
        self.library.take(result)
    }

    /// Begins an `INSERT` whose data in `format` are appended afterwards.
    pub(crate) fn insert(
        &mut self,
        head: &[u8],
        format: &str,
        parameters: &Parameters,
    ) -> Result<InsertStream<'_>, String> {
        let library = self.library;
        let stream = self.start(library.insert, head, format, parameters);
        if stream.is_null() {
            return Err("the engine gave no insert stream".to_owned());
        }
        let stream = InsertStream {
            library,
            handle: stream,
            connection: std::marker::PhantomData,
        };
        match stream.error() {
            Some(error) => Err(error),
            None => Ok(stream),
        }
    }

    fn start(
        &mut self,
        function: Start,
        statement: &[u8],
        format: &str,
        parameters: &Parameters,
    ) -> Opaque {
        let pointers = |of: fn(&(String, String)) -> &String| -> (Vec<*const c_char>, Vec<usize>) {
            parameters
                .iter()
                .map(of)
                .map(|text| (text.as_ptr().cast(), text.len()))
                .unzip()
        };
        let (names, name_lengths) = pointers(|(name, _)| name);
        let (values, value_lengths) = pointers(|(_, value)| value);
        // SAFETY: the handle comes from `chdb_connect`, was not null and is closed only in `drop`.
        let connection = unsafe { ptr::read(self.handle) };
        // SAFETY: every pointer goes with its length and outlives the call; the four lists have the given count.
        unsafe {
            function(
                connection,
                statement.as_ptr().cast(),
                statement.len(),
                format.as_ptr().cast(),
                format.len(),
                names.as_ptr(),
                name_lengths.as_ptr(),
                values.as_ptr(),
                value_lengths.as_ptr(),
                parameters.len(),
            )
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: the handle is ours and not used behind this line.
        unsafe { (self.library.close)(self.handle) };
    }
}

/// An `INSERT` that waits for data. Dropped without [`InsertStream::finish`], it stores nothing that is still open.
#[derive(Debug)]
pub(crate) struct InsertStream<'connection> {
    library: &'static Library,
    handle: Opaque,
    connection: std::marker::PhantomData<&'connection mut Connection>,
}

impl InsertStream<'_> {
    fn error(&self) -> Option<String> {
        text(self.library.insert_error, self.handle)
    }

    /// Hands over bytes; blocks while the engine is behind. False when the insert has failed: `finish` tells why.
    pub(crate) fn append(&mut self, data: &[u8]) -> bool {
        // SAFETY: the stream is alive; the bytes are copied during the call.
        unsafe { (self.library.append)(self.handle, data.as_ptr().cast(), data.len()) == 0 }
    }

    /// Ends the data and stores them.
    pub(crate) fn finish(self) -> Result<Output, String> {
        let failed = self.error();
        // SAFETY: the stream is alive and ended once: `self` is consumed.
        let result = unsafe { (self.library.done)(self.handle) };
        let output = self.library.take(result);
        failed.map_or(output, Err)
    }

    /// Gives the insert up.
    pub(crate) fn cancel(self) {
        // SAFETY: the stream is alive; it is freed in `drop`, as chdb.h asks.
        unsafe { (self.library.cancel_insert)(self.handle) };
    }
}

impl Drop for InsertStream<'_> {
    fn drop(&mut self) {
        // SAFETY: the stream is ours and not used behind this line; chdb.h: it cancels an insert that is not finished.
        unsafe { (self.library.destroy_insert)(self.handle) };
    }
}
