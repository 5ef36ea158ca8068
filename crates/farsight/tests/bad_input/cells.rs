//! Bad cells, each with what is said about it.

/// Table, header, bad row; what the error says after the place.
pub(crate) const CELLS: &[(&str, &str, &str, &str)] = &[
    // codes
    ("regions", "region_code,name", "R 2,x", "region_code 'R 2': not a code"),
    ("regions", "region_code,name", "é,x", "region_code 'é': not a code"),
    ("regions", "region_code,name", ",x", "region_code: a value is needed here"),
    ("regions", "region_code,name", "R2,", "name: a value is needed here"),
    (
        "regions",
        "region_code,name",
        "R2345678901234567890123456789012345678901234567890123456789012345,x",
        "not a code: use 1 to 64",
    ),
    // dealers, persons, regions, complaints, orders that do not exist
    (
        "bays",
        "dealer_code,effective_on,bays",
        "D-9,2025-01-01,8",
        "dealer_code 'D-9': not among the dealers: import it first, or correct the code",
    ),
    ("bays", "dealer_code,effective_on,bays", "d-1,2025-01-01,8", "dealer_code 'd-1': not among the dealers"),
    ("exams", "person_code,taken_on,score", "P-9,2025-01-01,80", "person_code 'P-9': not among the people"),
    (
        "dealers",
        "dealer_code,name,region_code,opened_on",
        "D-3,x,R9,2025-01-01",
        "region_code 'R9': not among the regions",
    ),
    (
        "posts",
        "person_code,role,scope_code,from",
        "P-1,region-director,D-1,2025-01-01",
        "scope_code 'D-1': not among the regions",
    ),
    (
        "posts",
        "person_code,role,scope_code,from",
        "P-1,dealer-gm,R1,2025-01-01",
        "scope_code 'R1': not among the dealers",
    ),
    (
        "complaint_events",
        "complaint_id,at,kind",
        "C-9,2025-02-01 11:00,first-reply",
        "complaint_id 'C-9': not among the complaints",
    ),
    (
        "callbacks",
        "work_order_id,at,reached",
        "W-9,2025-02-01 11:00,true",
        "work_order_id 'W-9': not among the work_orders",
    ),
    (
        "work_orders",
        "work_order_id,dealer_code,vin,created_at,advisor_code",
        "W-1,D-1,V,2025-02-01 10:00,P-9",
        "advisor_code 'P-9': not among the people",
    ),
    // dates and instants that are none
    (
        "bays",
        "dealer_code,effective_on,bays",
        "D-1,yesterday,8",
        "effective_on 'yesterday': not a date: write it like 2026-03-05",
    ),
    ("bays", "dealer_code,effective_on,bays", "D-1,05/03/2025,8", "effective_on '05/03/2025': not a date"),
    ("bays", "dealer_code,effective_on,bays", "D-1,2025-02-29,8", "effective_on '2025-02-29': no such day"),
    ("bays", "dealer_code,effective_on,bays", "D-1,1025-01-01,8", "an absurd date"),
    ("bays", "dealer_code,effective_on,bays", "D-1,2025-01-01 10:00,8", "give only the date"),
    ("customer_base", "dealer_code,month,base_customers", "D-1,2025-13,8", "month '2025-13'"),
    (
        "complaints",
        "complaint_id,dealer_code,received_at,severity,category",
        "C-2,D-1,2025-02-01,general,x",
        "received_at '2025-02-01': not a date and time",
    ),
    (
        "complaints",
        "complaint_id,dealer_code,received_at,severity,category",
        "C-2,D-1,2025-02-01 25:00,general,x",
        "no such day or time of day",
    ),
    (
        "complaints",
        "complaint_id,dealer_code,received_at,severity,category",
        "C-2,D-1,2025-02-01T10:00:00.0000001Z,general,x",
        "finer than a microsecond",
    ),
    // local times that the clocks skip or repeat
    (
        "complaints",
        "complaint_id,dealer_code,received_at,severity,category",
        "C-2,D-1,2025-03-09 02:30,general,x",
        "'2025-03-09 02:30': this local time does not exist",
    ),
    (
        "complaints",
        "complaint_id,dealer_code,received_at,severity,category",
        "C-2,D-1,2025-11-02 01:30,general,x",
        "this local time exists twice in the tenant's time zone (clocks go back): write the offset",
    ),
    // numbers
    ("bays", "dealer_code,effective_on,bays", "D-1,2025-01-01,-8", "bays '-8': below zero"),
    (
        "bays",
        "dealer_code,effective_on,bays",
        "D-1,2025-01-01,10001",
        "bays '10001': larger than 10000: an absurd value",
    ),
    ("bays", "dealer_code,effective_on,bays", "D-1,2025-01-01,99999999999999999999999", "an absurd value"),
    ("bays", "dealer_code,effective_on,bays", "D-1,2025-01-01,8.5", "bays '8.5': not a whole number"),
    ("bays", "dealer_code,effective_on,bays", "D-1,2025-01-01,1e3", "not a whole number"),
    ("bays", "dealer_code,effective_on,bays", "D-1,2025-01-01,=4+4", "bays '=4+4': not a whole number"),
    ("exams", "person_code,taken_on,score", "P-1,2025-01-01,100.01", "score '100.01': larger than 100"),
    (
        "exams",
        "person_code,taken_on,score",
        "P-1,2025-01-01,80.001",
        "score '80.001': finer than two decimals",
    ),
    ("part_prices", "part_code,effective_on,price", "X-1,2025-01-01,-1", "price '-1': below zero"),
    (
        "dealers",
        "dealer_code,name,region_code,opened_on,lat",
        "D-3,x,R1,2025-01-01,91",
        "lat '91': not a decimal between -90 and 90",
    ),
    (
        "dealers",
        "dealer_code,name,region_code,opened_on,lat",
        "D-3,x,R1,2025-01-01,NaN",
        "lat 'NaN': not a decimal",
    ),
    // words
    (
        "complaints",
        "complaint_id,dealer_code,received_at,severity,category",
        "C-2,D-1,2025-02-01 10:00,catastrophic,x",
        "severity 'catastrophic': not one of general, major",
    ),
    ("callbacks", "work_order_id,at,reached", "W-9,2025-02-01 11:00,maybe", "reached 'maybe': not yes or no"),
    (
        "cameras",
        "camera_code,dealer_code,snapshot_url",
        "K-1,D-1,javascript:alert(1)",
        "snapshot_url 'javascript:alert(1)': not a web address",
    ),
    // rows in themselves
    (
        "complaints",
        "complaint_id,dealer_code,received_at,dispatched_at,severity,category",
        "C-2,D-1,2025-02-01 10:00,2025-02-01 09:59,general,x",
        "dispatched_at",
    ),
    ("complaint_events", "complaint_id,at,kind", "C-1,2025-02-01 11:00,handled", "actor_role"),
    ("regions", "region_code,name", "R2,x,y", "row has 3 fields, header has 2"),
    ("complaints", "complaint_id,severity", "C-2,general", "this fact is new and needs the column"),
    (
        "inspections",
        "inspection_id,item_code,dealer_code,inspected_at,result",
        "I-1,item-03,D-2,2025-02-01 10:00,fail",
        "all rows of an inspection have one dealer, one instant, one kind",
    ),
    // rulings
    (
        "rulings",
        "ruling_id,kind,subject,decided_at,decided_by",
        "Q-1,excuse,complaint,2025-03-01 10:00,HQ",
        "subject 'complaint': no form of subject is like this",
    ),
    (
        "rulings",
        "ruling_id,kind,subject,family,decided_at,decided_by",
        "Q-1,excuse,complaint:C-1,complaint.nonsense,2025-03-01 10:00,HQ",
        "family 'complaint.nonsense': no clause family has this name",
    ),
    (
        "rulings",
        "ruling_id,kind,subject,decided_at,decided_by",
        "Q-1,withdraw,inspection:I-1,2025-03-01 10:00,HQ",
        "complaint:ID",
    ),
    (
        "rulings",
        "ruling_id,kind,subject,decided_at,decided_by,amount",
        "Q-1,mishandled,complaint:C-1,2025-03-01 10:00,HQ,",
        "amount",
    ),
    (
        "rulings",
        "ruling_id,kind,subject,decided_at,decided_by,amount",
        "Q-1,mishandled,complaint:C-1,2025-03-01 10:00,HQ,4999.99",
        "amount '4999.99': outside the limits in force on 2025-03-01: 5000.00 to 20000.00",
    ),
    (
        "rulings",
        "ruling_id,kind,subject,decided_at,decided_by,amount",
        "Q-1,mishandled,complaint:C-1,2025-03-01 10:00,HQ,20000.01",
        "outside the limits",
    ),
    (
        "rulings",
        "ruling_id,kind,subject,decided_at,decided_by,amount",
        "Q-1,mishandled,complaint:C-1,2025-03-01 10:00,HQ,6000.001",
        "amount '6000.001'",
    ),
    (
        "rulings",
        "ruling_id,kind,subject,decided_at,decided_by,amount",
        "Q-1,mishandled,complaint:C-1,2025-03-01 10:00,HQ,-6000",
        "amount '-6000'",
    ),
];
