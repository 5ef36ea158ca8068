//! The tables of the contract (formats, section 2) and the files they are written to.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use farsight_rulebook::period::Period;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::NetworkError;
use crate::days::{Day, Moment, push_date, push_moment};

macro_rules! tables {
    ($($table:ident $name:literal: $columns:literal;)*) => {
        /// A table of facts.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs)] // The names are the contract's.
        pub enum Table { $($table),* }

        impl Table {
            /// All of them, in the contract's order.
            pub const ALL: &'static [Self] = &[$(Self::$table),*];

            /// Its name: that of its file without the ending.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$table => $name),* }
            }

            /// Its columns as written.
            pub fn columns(self) -> impl Iterator<Item = &'static str> {
                let columns = match self { $(Self::$table => $columns),* };
                columns.split(' ')
            }
        }
    };
}

tables! {
    Regions "regions": "region_code name";
    People "people": "person_code name";
    Posts "posts": "person_code role scope_code from to";
    Dealers "dealers": "dealer_code name region_code province city lat lon opened_on closed_on";
    DealerRegions "dealer_regions": "dealer_code from region_code";
    Bays "bays": "dealer_code effective_on bays";
    CustomerBase "customer_base": "dealer_code month base_customers visits";
    Cameras "cameras": "camera_code dealer_code snapshot_url working";
    Inspections "inspections": "inspection_id item_code dealer_code inspected_at result kind";
    Complaints "complaints":
        "complaint_id dealer_code received_at dispatched_at severity category vin channel text";
    ComplaintEvents "complaint_events": "complaint_id at kind actor_role satisfied note";
    Employments "employments": "person_code dealer_code position from to leave_reason";
    Certificates "certificates": "certificate_id person_code kind level issued_on expires_on revoked_on";
    WorkOrders "work_orders": "work_order_id dealer_code vin model fault_code reported_at created_at diagnosed_at promised_at completed_at fixed advisor_code technician_code level nev odometer_km confirmed_advisor confirmed_technician confirmed_inspector";
    WorkOrderDelays "work_order_delays": "work_order_id given_at reason promised_at";
    SupportRequests "support_requests": "request_id dealer_code vin fault_code requested_at resolved_at";
    Rulings "rulings": "ruling_id kind subject family decided_at decided_by amount note";
    Surveys "surveys": "response_id factor dealer_code employee_code answered_at score";
    MysteryVisits "mystery_visits":
        "visit_id dealer_code visited_on response attitude professionalism transparency";
    Feedback "feedback": "feedback_id dealer_code channel received_at kind solved_at";
    Callbacks "callbacks": "work_order_id at reached";
    Vehicles "vehicles": "vin model sold_on dealer_code";
    PartPrices "part_prices": "part_code effective_on dealer_code price";
    Exams "exams": "person_code taken_on score";
}

/// A choice of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tables(u32);

impl Tables {
    /// What the checks that move money stand on: regions to rulings.
    pub const CORE: Self = Self((1 << Table::Surveys as u32) - 1);
    /// Every table.
    pub const ALL: Self = Self((1 << Table::ALL.len()) - 1);

    /// Whether a table is among them.
    pub const fn has(self, table: Table) -> bool {
        self.0 & (1 << table as u32) != 0
    }

    /// These and one more.
    #[must_use]
    pub const fn with(self, table: Table) -> Self {
        Self(self.0 | (1 << table as u32))
    }

    /// These but one.
    #[must_use]
    pub const fn without(self, table: Table) -> Self {
        Self(self.0 & !(1 << table as u32))
    }
}

impl Default for Tables {
    fn default() -> Self {
        Self::CORE
    }
}

/// Where the bytes of a file go.
enum Bytes {
    Plain(BufWriter<File>),
    Gzip(Box<GzEncoder<BufWriter<File>>>),
}

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.write(bytes),
            Self::Gzip(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.flush(),
            Self::Gzip(file) => file.flush(),
        }
    }
}

/// One file being written. Cells are given in the order of the columns; a failure is kept and told by `finish`,
/// nothing is written after it.
pub(crate) struct Sheet {
    /// `None` for a table that is not asked for: what is written to it is dropped.
    csv: Option<csv::Writer<Bytes>>,
    path: PathBuf,
    cell: Vec<u8>,
    failure: Option<csv::Error>,
    rows: u64,
}

impl Sheet {
    fn create(path: PathBuf, table: Table, gzip: bool) -> Result<Self, NetworkError> {
        let file =
            File::create(&path).map_err(|source| NetworkError::Write { path: path.clone(), source })?;
        let file = BufWriter::with_capacity(1 << 16, file);
        let bytes = if gzip {
            Bytes::Gzip(Box::new(GzEncoder::new(file, Compression::fast())))
        } else {
            Bytes::Plain(file)
        };
        let mut csv = csv::Writer::from_writer(bytes);
        let failure = csv.write_record(table.columns()).err();
        Ok(Self { csv: Some(csv), path, cell: Vec::with_capacity(64), failure, rows: 0 })
    }

    fn dropped() -> Self {
        Self { csv: None, path: PathBuf::new(), cell: Vec::new(), failure: None, rows: 0 }
    }

    /// Whether the table is asked for.
    pub(crate) fn is_wanted(&self) -> bool {
        self.csv.is_some()
    }

    /// A cell of text.
    pub(crate) fn text(&mut self, text: impl AsRef<[u8]>) -> &mut Self {
        if let (Some(csv), None) = (&mut self.csv, &self.failure) {
            self.failure = csv.write_field(text).err();
        }
        self
    }

    /// A cell that is written into the buffer given.
    fn cell(&mut self, fill: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        let mut cell = std::mem::take(&mut self.cell);
        cell.clear();
        fill(&mut cell);
        self.text(&cell);
        self.cell = cell;
        self
    }

    /// An empty cell.
    pub(crate) fn none(&mut self) -> &mut Self {
        self.text("")
    }

    /// A cell of a number or another thing that shows itself.
    pub(crate) fn shown(&mut self, value: impl std::fmt::Display) -> &mut Self {
        self.cell(|cell| {
            // Writing to memory cannot fail.
            let _ = write!(cell, "{value}");
        })
    }

    /// A cell of a decimal of so many hundredths.
    pub(crate) fn hundredths(&mut self, value: i64) -> &mut Self {
        self.shown(format_args!("{}.{:02}", value / 100, value % 100))
    }

    pub(crate) fn moment(&mut self, at: Moment) -> &mut Self {
        self.cell(|cell| push_moment(cell, at))
    }

    pub(crate) fn moment_or_none(&mut self, at: Option<Moment>) -> &mut Self {
        match at {
            Some(at) => self.moment(at),
            None => self.none(),
        }
    }

    pub(crate) fn date(&mut self, day: Day) -> &mut Self {
        self.cell(|cell| push_date(cell, day))
    }

    pub(crate) fn date_or_none(&mut self, day: Option<Day>) -> &mut Self {
        match day {
            Some(day) => self.date(day),
            None => self.none(),
        }
    }

    pub(crate) fn month(&mut self, month: Period) -> &mut Self {
        self.shown(month)
    }

    pub(crate) fn flag(&mut self, value: bool) -> &mut Self {
        self.text(if value { "true" } else { "false" })
    }

    pub(crate) fn flag_or_none(&mut self, value: Option<bool>) -> &mut Self {
        match value {
            Some(value) => self.flag(value),
            None => self.none(),
        }
    }

    /// Ends the row.
    pub(crate) fn end(&mut self) {
        if let (Some(csv), None) = (&mut self.csv, &self.failure) {
            self.failure = csv.write_record(None::<&[u8]>).err();
            self.rows += 1;
        }
    }

    fn finish(mut self) -> Result<u64, NetworkError> {
        let path = std::mem::take(&mut self.path);
        let told = |source: io::Error| NetworkError::Write { path: path.clone(), source };
        if let Some(failure) = self.failure {
            return Err(told(failure.into()));
        }
        let Some(csv) = self.csv else { return Ok(self.rows) };
        match csv.into_inner().map_err(|e| told(io::Error::new(e.error().kind(), e.error().to_string())))? {
            Bytes::Plain(mut file) => file.flush().map_err(told)?,
            Bytes::Gzip(file) => file.finish().and_then(|mut file| file.flush()).map_err(told)?,
        }
        Ok(self.rows)
    }
}

/// All the files of a folder.
pub(crate) struct Books(Vec<Sheet>);

impl Books {
    /// Creates the folder and an empty file, with its header, for every table asked for.
    pub(crate) fn create(folder: &Path, tables: Tables, gzip: bool) -> Result<Self, NetworkError> {
        std::fs::create_dir_all(folder)
            .map_err(|source| NetworkError::Write { path: folder.to_owned(), source })?;
        let ending = if gzip { "csv.gz" } else { "csv" };
        let sheet = |table: &Table| {
            if tables.has(*table) {
                Sheet::create(folder.join(format!("{}.{ending}", table.name())), *table, gzip)
            } else {
                Ok(Sheet::dropped())
            }
        };
        Ok(Self(Table::ALL.iter().map(sheet).collect::<Result<_, _>>()?))
    }

    /// The file of a table.
    pub(crate) fn of(&mut self, table: Table) -> &mut Sheet {
        &mut self.0[table as usize]
    }

    /// Closes the files and tells the rows of each table asked for.
    pub(crate) fn finish(self) -> Result<Vec<(Table, u64)>, NetworkError> {
        let mut rows = Vec::new();
        for (table, sheet) in Table::ALL.iter().zip(self.0) {
            let wanted = sheet.is_wanted();
            let count = sheet.finish()?;
            if wanted {
                rows.push((*table, count));
            }
        }
        Ok(rows)
    }
}
