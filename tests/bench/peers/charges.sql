-- What the checks of rulebook 4.1-4.5 find and charge, as set-based SQL for DuckDB.
--
-- The peer against which Farsight's speed is measured: an honest one, so nothing here is slower than it need be, and nothing
-- that the rulebook asks for is left out. It shares no code with Farsight; that both give the same rows is a test of both.
--
-- Run by duckdb_charges.py, which loads the facts (table and column names of the import files; instants as local TIMESTAMPs of
-- the tenant's zone, money as whole fen in BIGINT, months as their first day, voided rows left out) and sets
--   as_of        TIMESTAMP  local instant as of which the facts are judged
--   judged_from  DATE       first day of the policy, before which nothing is judged
--   ours         BOOLEAN    whether the amounts marked "ours" are in force (example-2026) or 0 (changan-2014)
-- Each `@section` line starts a part that is timed on its own.

-- @section charges

-- ---------------------------------------------------------------- as of (3.1), policy (2), rulings (3.6)

SET VARIABLE today = CAST(getvariable('as_of') AS DATE);

-- Amount of each clause and seat, in fen. Mishandled complaints carry the amount of their ruling.
CREATE OR REPLACE TEMP TABLE tariff AS
SELECT clause, seat, amount * 100 AS amount
FROM (VALUES
    ('spot-check.first',          'dealer',           -500),
    ('spot-check.repeat',         'dealer',           -1000),
    ('spot-check.repeat',         'district-manager', -200),
    ('spot-check.third',          'dealer',           -10000),
    ('spot-check.managers',       'district-manager', -1000),
    ('spot-check.managers',       'region-director',  -500),
    ('complaint.attitude',        'dealer',           -5000),
    ('repeat-repair.complaint',   'dealer',           -5000),
    ('certification.attrition',   'dealer',           CASE WHEN getvariable('ours') THEN -2000 ELSE 0 END),
    ('certification.bonus',       'dealer',           CASE WHEN getvariable('ours') THEN 300 ELSE 0 END)
) AS t (clause, seat, amount)
WHERE amount <> 0;

CREATE OR REPLACE TEMP TABLE excused_any AS
SELECT DISTINCT subject FROM rulings
WHERE kind = 'excuse' AND family IS NULL AND decided_at <= getvariable('as_of');

CREATE OR REPLACE TEMP TABLE excused_family AS
SELECT DISTINCT subject, family FROM rulings
WHERE kind = 'excuse' AND family IS NOT NULL AND decided_at <= getvariable('as_of');

CREATE OR REPLACE TEMP TABLE withdrawn AS
SELECT DISTINCT substr(subject, 11) AS complaint_id FROM rulings
WHERE kind = 'withdraw' AND starts_with(subject, 'complaint:') AND decided_at <= getvariable('as_of');

-- The complaints that are seen and not withdrawn, with the start of their clock.
CREATE OR REPLACE TEMP TABLE open_complaint AS
SELECT complaint_id, dealer_code, received_at, severity, category, vin,
       CASE WHEN dispatched_at <= getvariable('as_of') THEN dispatched_at ELSE received_at END AS clock_at
FROM complaints ANTI JOIN withdrawn USING (complaint_id)
WHERE received_at <= getvariable('as_of');

-- Which region a dealer belongs to, by half-open spans of days.
CREATE OR REPLACE TEMP TABLE region_span AS
SELECT dealer_code, region_code, since, lead(since, 1, DATE '9999-12-31') OVER (PARTITION BY dealer_code ORDER BY since) AS until
FROM (
    SELECT dealer_code, region_code, DATE '0001-01-01' AS since FROM dealers
    UNION ALL
    SELECT dealer_code, region_code, "from" FROM dealer_regions WHERE "from" <= getvariable('today')
);

-- ---------------------------------------------------------------- 4.1 spot check

-- One failure a dealer, item and local date: the earliest that is not excused.
CREATE OR REPLACE TEMP TABLE failure AS
WITH failed AS (
    SELECT inspection_id, item_code, dealer_code, inspected_at, CAST(inspected_at AS DATE) AS failed_on,
           'inspection:' || inspection_id || '#' || item_code AS subject, 'spot-check' AS family
    FROM inspections
    WHERE result = 'fail' AND kind = 'draw' AND inspected_at <= getvariable('as_of')
)
SELECT inspection_id, item_code, dealer_code, failed_on, subject
FROM failed ANTI JOIN excused_any USING (subject) ANTI JOIN excused_family USING (subject, family)
QUALIFY row_number() OVER (PARTITION BY dealer_code, item_code, failed_on ORDER BY inspected_at, inspection_id) = 1;

-- Failures of one dealer and item fall on different dates, so the third within the year is the one whose second predecessor is
-- in the window. Months are numbered so that "the calendar month before" is a range frame of exactly 1.
CREATE OR REPLACE TEMP TABLE spot_check AS
SELECT inspection_id, subject, dealer_code, failed_on AS occurred_on,
       CASE WHEN lag(failed_on, 2) OVER days > failed_on - INTERVAL 1 YEAR THEN 'spot-check.third'
            WHEN count(*) OVER month_before > 0 THEN 'spot-check.repeat'
            ELSE 'spot-check.first' END AS clause
FROM (SELECT *, year(failed_on) * 12 + month(failed_on) AS month_number FROM failure)
WINDOW days AS (PARTITION BY dealer_code, item_code ORDER BY failed_on),
       month_before AS (PARTITION BY dealer_code, item_code ORDER BY month_number RANGE BETWEEN 1 PRECEDING AND 1 PRECEDING)
QUALIFY failed_on >= getvariable('judged_from');

CREATE OR REPLACE TEMP TABLE spot_check_managers AS
WITH third AS (
    SELECT DISTINCT 'inspection:' || inspection_id AS subject, 'spot-check.managers' AS family, dealer_code, occurred_on
    FROM spot_check WHERE clause = 'spot-check.third'
)
SELECT subject, dealer_code, occurred_on
FROM third ANTI JOIN excused_any USING (subject) ANTI JOIN excused_family USING (subject, family);

-- ---------------------------------------------------------------- 4.2 complaints: what costs money

CREATE OR REPLACE TEMP TABLE attitude AS
SELECT subject, dealer_code, occurred_on
FROM (SELECT 'complaint:' || complaint_id AS subject, 'complaint.attitude' AS family, dealer_code,
             CAST(received_at AS DATE) AS occurred_on
      FROM open_complaint WHERE category = 'attitude')
     ANTI JOIN excused_any USING (subject) ANTI JOIN excused_family USING (subject, family)
WHERE occurred_on >= getvariable('judged_from');

CREATE OR REPLACE TEMP TABLE mishandled AS
WITH latest AS (
    SELECT r.subject, 'complaint.mishandled' AS family, c.dealer_code, CAST(r.decided_at AS DATE) AS occurred_on, -r.amount AS amount
    FROM rulings r JOIN open_complaint c ON c.complaint_id = substr(r.subject, 11) AND c.received_at <= r.decided_at
    WHERE r.kind = 'mishandled' AND starts_with(r.subject, 'complaint:') AND r.decided_at <= getvariable('as_of')
    QUALIFY row_number() OVER (PARTITION BY r.subject ORDER BY r.decided_at DESC, r.ruling_id DESC) = 1
)
SELECT subject, dealer_code, occurred_on, amount
FROM latest ANTI JOIN excused_any USING (subject) ANTI JOIN excused_family USING (subject, family)
WHERE occurred_on >= getvariable('judged_from');

-- ---------------------------------------------------------------- 4.3 certification: what costs or brings money

-- Employments at one dealer as advisor, adjoining and overlapping ones joined.
CREATE OR REPLACE TEMP TABLE advisor_span AS
WITH row_ AS (
    SELECT person_code, dealer_code, "from" AS since, coalesce("to", DATE '9999-12-30') AS until
    FROM employments WHERE position = 'service-advisor' AND "from" <= getvariable('today')
), marked AS (
    SELECT *, since > 1 + max(until) OVER (PARTITION BY person_code, dealer_code ORDER BY since, until
                                           ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS starts
    FROM row_
), numbered AS (
    SELECT *, count(*) FILTER (coalesce(starts, true)) OVER (PARTITION BY person_code, dealer_code ORDER BY since, until
                                             ROWS UNBOUNDED PRECEDING) AS island
    FROM marked
)
SELECT person_code, dealer_code, min(since) AS since, max(until) AS until
FROM numbered GROUP BY person_code, dealer_code, island;

-- Days on which a person holds a valid certificate of a kind and at least a level (1 basic, 2 special, 3 difficult; always 1 for
-- the kinds without levels), adjoining ones joined. A higher certificate counts for each level that it covers.
CREATE OR REPLACE TEMP TABLE certified_span AS
WITH row_ AS (
    SELECT person_code, kind, covers.level AS level, issued_on AS since,
           CASE WHEN revoked_on <= getvariable('today') THEN least(expires_on, revoked_on - 1) ELSE expires_on END AS until
    FROM certificates held, (VALUES (1), (2), (3)) AS covers (level)
    WHERE issued_on <= getvariable('today')
      AND covers.level <= CASE WHEN held.kind <> 'technician' THEN 1 WHEN held.level = 'difficult' THEN 3
                               WHEN held.level = 'special' THEN 2 ELSE 1 END
), marked AS (
    SELECT *, since > 1 + max(until) OVER (PARTITION BY person_code, kind, level ORDER BY since, until
                                           ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS starts
    FROM row_ WHERE since <= until
), numbered AS (
    SELECT *, count(*) FILTER (coalesce(starts, true)) OVER (PARTITION BY person_code, kind, level ORDER BY since, until
                                             ROWS UNBOUNDED PRECEDING) AS island
    FROM marked
)
SELECT person_code, kind, level, min(since) AS since, max(until) AS until
FROM numbered GROUP BY person_code, kind, level, island;

-- Days on which a person is an advisor at a dealer and certified for it.
CREATE OR REPLACE TEMP TABLE certified_advisor AS
SELECT a.person_code, a.dealer_code, greatest(a.since, c.since) AS since, least(a.until, c.until) AS until
FROM advisor_span a JOIN certified_span c
  ON c.person_code = a.person_code AND c.kind = 'service-advisor' AND c.since <= a.until AND c.until >= a.since;

-- The last days of the months that they reach, and whether they fill the month.
CREATE OR REPLACE TEMP TABLE advisor_month AS
SELECT person_code, dealer_code, last_day(month_) AS month_end, since <= month_ AS whole
FROM (
    SELECT *, unnest(generate_series(CAST(date_trunc('month', greatest(since, getvariable('judged_from'))) AS TIMESTAMP),
                                     CAST(least(until, getvariable('today') - 1) AS TIMESTAMP), INTERVAL 1 MONTH))::DATE AS month_
    FROM certified_advisor
)
WHERE last_day(month_) <= least(until, getvariable('today') - 1);

CREATE OR REPLACE TEMP TABLE bonus AS
SELECT subject, dealer_code, occurred_on
FROM (SELECT 'person:' || person_code || '/' || dealer_code || '@' || strftime(month_end, '%Y-%m') AS subject,
             'certification.bonus' AS family, dealer_code, month_end AS occurred_on
      FROM advisor_month WHERE whole)
     ANTI JOIN excused_any USING (subject) ANTI JOIN excused_family USING (subject, family);

CREATE OR REPLACE TEMP TABLE attrition AS
WITH left_ AS (
    SELECT DISTINCT e.person_code, e.dealer_code, e."to" AS occurred_on,
           'person:' || e.person_code || '/' || e.dealer_code || '@' || e."to" AS subject, 'certification.attrition' AS family
    FROM employments e JOIN certified_advisor c
      ON c.person_code = e.person_code AND c.dealer_code = e.dealer_code AND e."to" BETWEEN c.since AND c.until
    WHERE e.position = 'service-advisor' AND e."from" <= getvariable('today') AND e."to" < getvariable('today')
      AND e."to" >= getvariable('judged_from')
      AND coalesce(e.leave_reason, '') NOT IN ('transfer', 'retirement', 'death')
)
SELECT subject, dealer_code, occurred_on
FROM left_ ANTI JOIN excused_any USING (subject) ANTI JOIN excused_family USING (subject, family)
WHERE NOT EXISTS (FROM employments n WHERE n.person_code = left_.person_code AND n.dealer_code = left_.dealer_code
                  AND n."from" <= left_.occurred_on + 1 AND coalesce(n."to", DATE '9999-12-31') > left_.occurred_on)
  AND NOT EXISTS (FROM dealers d WHERE d.dealer_code = left_.dealer_code AND d.closed_on = left_.occurred_on);

-- ---------------------------------------------------------------- 4.5 repeat repair

-- Attempts and requests of the vehicles and faults that can have an obligation at all: most have one order or were mended.
CREATE OR REPLACE TEMP TABLE repair_event AS
WITH attempt AS (
    SELECT dealer_code, vin, fault_code, completed_at AS happened_at, work_order_id, fixed
    FROM work_orders
    WHERE vin IS NOT NULL AND fault_code IS NOT NULL AND fixed IS NOT NULL
      AND created_at <= getvariable('as_of') AND completed_at <= getvariable('as_of')
), suspect AS (
    SELECT dealer_code, vin, fault_code FROM attempt WHERE NOT fixed GROUP BY ALL HAVING count(*) >= 2
)
SELECT 'attempt' AS kind, * FROM attempt SEMI JOIN suspect USING (dealer_code, vin, fault_code)
UNION ALL
SELECT 'request', dealer_code, vin, fault_code, requested_at, request_id, NULL
FROM support_requests SEMI JOIN suspect USING (dealer_code, vin, fault_code)
WHERE requested_at <= getvariable('as_of');

-- With two attempts to an obligation the state machine is: cut the events of a fault into runs of unfixed attempts (a fixed
-- attempt, a request, or a gap of more than 365 days starts a new run); every second attempt of a run is an obligation.
CREATE OR REPLACE TEMP TABLE obligation AS
WITH ordered AS (
    SELECT *, row_number() OVER sequence AS place,
           count(*) FILTER (kind = 'request' OR fixed) OVER sequence AS resets,
           lag(CASE WHEN kind = 'attempt' AND NOT fixed THEN CAST(happened_at AS DATE) END) OVER sequence AS unfixed_before
    FROM repair_event
    WINDOW sequence AS (PARTITION BY dealer_code, vin, fault_code ORDER BY happened_at, kind, work_order_id)
), run AS (
    SELECT *, count(*) FILTER (CAST(happened_at AS DATE) - unfixed_before > 365) OVER
                  (PARTITION BY dealer_code, vin, fault_code ORDER BY place) AS gaps
    FROM ordered WHERE kind = 'attempt' AND NOT fixed
), found AS (
    SELECT dealer_code, vin, fault_code, work_order_id, happened_at AS completed_at, place,
           row_number() OVER (PARTITION BY dealer_code, vin, fault_code, resets, gaps ORDER BY place) % 2 = 0 AS second_
    FROM run
), ending AS (
    SELECT dealer_code, vin, fault_code, place,
           min(CASE WHEN kind = 'request' THEN happened_at END) OVER after AS requested_at,
           min(CASE WHEN kind = 'request' OR fixed THEN happened_at END) OVER after AS ended_at
    FROM ordered
    WINDOW after AS (PARTITION BY dealer_code, vin, fault_code ORDER BY place ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
)
SELECT f.* EXCLUDE (place, second_), e.requested_at, e.ended_at, f.completed_at + INTERVAL 24 HOUR AS due_at
FROM found f JOIN ending e USING (dealer_code, vin, fault_code, place)
WHERE f.second_;

CREATE OR REPLACE TEMP TABLE unreported AS
WITH late AS (
    SELECT *, CAST(due_at AS DATE) AS occurred_on, 'repeat-repair.unreported' AS family,
           'vin:' || vin || '/' || fault_code || '@' || dealer_code || '#' || work_order_id AS subject
    FROM obligation
    WHERE getvariable('as_of') > due_at AND (requested_at IS NULL OR requested_at > due_at)
      AND CAST(completed_at AS DATE) >= getvariable('judged_from')
)
FROM late ANTI JOIN excused_any USING (subject) ANTI JOIN excused_family USING (subject, family);

CREATE OR REPLACE TEMP TABLE repair_complaint AS
WITH caused AS (
    SELECT 'complaint:' || c.complaint_id AS subject, 'repeat-repair.complaint' AS family, c.dealer_code,
           min(greatest(CAST(c.received_at AS DATE), u.occurred_on)) AS occurred_on
    FROM open_complaint c JOIN unreported u
      ON u.dealer_code = c.dealer_code AND u.vin = c.vin AND c.received_at > u.completed_at
     AND c.received_at < coalesce(u.ended_at, TIMESTAMP '9999-12-31')
    WHERE c.category IN ('repair-quality', 'waiting')
    GROUP BY c.complaint_id, c.dealer_code
)
SELECT subject, dealer_code, occurred_on
FROM caused ANTI JOIN excused_any USING (subject) ANTI JOIN excused_family USING (subject, family);

-- ---------------------------------------------------------------- findings that carry money, and their charges

CREATE OR REPLACE TEMP TABLE priced AS
SELECT clause, clause AS tariff_clause, subject, dealer_code, occurred_on, NULL::BIGINT AS amount FROM spot_check
UNION ALL SELECT 'spot-check.third', 'spot-check.managers', subject, dealer_code, occurred_on, NULL FROM spot_check_managers
UNION ALL SELECT 'complaint.attitude', 'complaint.attitude', subject, dealer_code, occurred_on, NULL FROM attitude
UNION ALL SELECT 'complaint.mishandled', 'complaint.mishandled', subject, dealer_code, occurred_on, amount FROM mishandled
UNION ALL SELECT 'certification.bonus', 'certification.bonus', subject, dealer_code, occurred_on, NULL FROM bonus
UNION ALL SELECT 'certification.attrition', 'certification.attrition', subject, dealer_code, occurred_on, NULL FROM attrition
UNION ALL SELECT 'repeat-repair.complaint', 'repeat-repair.complaint', subject, dealer_code, occurred_on, NULL FROM repair_complaint;

-- A manager's charge goes to whoever held the post that day (of two, the later `from`, then the smaller code); the director's to
-- the deputy when the post is vacant. A vacant post drops the charge.
CREATE OR REPLACE TEMP TABLE manager_charge AS
WITH due AS (
    SELECT p.clause, p.subject, p.dealer_code, p.occurred_on, t.amount, t.seat,
           CASE t.seat WHEN 'district-manager' THEN p.dealer_code ELSE r.region_code END AS scope_code
    FROM priced p JOIN tariff t ON t.clause = p.tariff_clause AND t.seat <> 'dealer'
    JOIN region_span r ON r.dealer_code = p.dealer_code AND p.occurred_on >= r.since AND p.occurred_on < r.until
)
SELECT h.person_code, d.clause, d.subject, d.dealer_code, d.occurred_on, d.amount
FROM due d JOIN posts h
  ON h.scope_code = d.scope_code AND h."from" <= d.occurred_on AND coalesce(h."to", DATE '9999-12-31') >= d.occurred_on
 AND CASE d.seat WHEN 'district-manager' THEN h.role = 'district-manager'
                 ELSE h.role IN ('region-director', 'region-deputy-director') END
QUALIFY row_number() OVER (PARTITION BY d.subject, d.seat
                           ORDER BY h.role = 'region-deputy-director', h."from" DESC, h.person_code) = 1;

CREATE OR REPLACE TEMP TABLE charges AS
SELECT 'dealer' AS party_kind, p.dealer_code AS party_code, p.dealer_code, p.clause, p.subject, p.occurred_on,
       coalesce(p.amount, t.amount) AS amount
FROM priced p LEFT JOIN tariff t ON t.clause = p.tariff_clause AND t.seat = 'dealer'
WHERE coalesce(p.amount, t.amount) IS NOT NULL
UNION ALL
SELECT 'person', person_code, dealer_code, clause, subject, occurred_on, amount FROM manager_charge;

-- @section findings

-- ---------------------------------------------------------------- 4.2 complaints: deadlines

-- What was done for each complaint, and when: first reply, first good end (satisfied callback, or a submission whose next
-- answered callback, strictly later, is not dissatisfied), handled in person by general manager and deputy director. At one
-- instant a callback sorts before a submission, so the frame after a submission holds the strictly later callbacks only.
CREATE OR REPLACE TEMP TABLE handling AS
WITH event AS (
    SELECT complaint_id, "at", kind, actor_role, satisfied,
           first_value(CASE WHEN kind = 'callback' THEN satisfied END IGNORE NULLS) OVER
               (PARTITION BY complaint_id ORDER BY "at", kind = 'submitted'
                ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS next_answer
    FROM complaint_events WHERE "at" <= getvariable('as_of')
)
SELECT complaint_id,
       min("at") FILTER (kind = 'first-reply') AS replied_at,
       min("at") FILTER ((kind = 'callback' AND satisfied) OR (kind = 'submitted' AND coalesce(next_answer, true))) AS ended_at,
       min("at") FILTER (kind = 'handled' AND actor_role = 'dealer-gm') AS manager_at,
       min("at") FILTER (kind = 'handled' AND actor_role = 'region-deputy-director') AS deputy_at
FROM event GROUP BY complaint_id;

CREATE OR REPLACE TEMP TABLE complaint_deadline AS
WITH clock AS (
    SELECT c.*, clock_at + INTERVAL 1 DAY AS reply_due, clock_at + to_days(CASE severity WHEN 'major' THEN 5 ELSE 3 END) AS close_due,
           h.replied_at, h.ended_at, h.manager_at, h.deputy_at
    FROM open_complaint c LEFT JOIN handling h USING (complaint_id)
    WHERE CAST(clock_at AS DATE) >= getvariable('judged_from')
)
SELECT 'complaint.reply-late' AS clause, 'complaint.reply' AS family, 'complaint:' || complaint_id AS subject, dealer_code,
       CAST(reply_due AS DATE) AS occurred_on
FROM clock WHERE getvariable('as_of') > reply_due AND coalesce(replied_at > reply_due, true)
UNION ALL
SELECT 'complaint.close-late', 'complaint.close', 'complaint:' || complaint_id, dealer_code, CAST(close_due AS DATE)
FROM clock WHERE getvariable('as_of') > close_due AND coalesce(ended_at > close_due, true)
UNION ALL
SELECT 'complaint.major-unattended', 'complaint.major', 'complaint:' || complaint_id, dealer_code, CAST(close_due AS DATE)
FROM clock WHERE severity = 'major' AND getvariable('as_of') > close_due
  AND (coalesce(manager_at > close_due, true) OR coalesce(deputy_at > close_due, true));

-- ---------------------------------------------------------------- months that are over, and the dealers open on their last day

CREATE OR REPLACE TEMP TABLE dealer_month AS
WITH month_ AS (
    SELECT last_day(CAST(first_day AS DATE)) AS month_end
    FROM generate_series(CAST(date_trunc('month', getvariable('judged_from')) AS TIMESTAMP),
                         CAST(getvariable('today') - 1 AS TIMESTAMP), INTERVAL 1 MONTH) AS g (first_day)
    WHERE last_day(CAST(first_day AS DATE)) < getvariable('today')
), opened AS (
    SELECT d.dealer_code, m.month_end, 'dealer:' || d.dealer_code || '@' || strftime(m.month_end, '%Y-%m') AS subject
    FROM dealers d JOIN month_ m
      ON d.opened_on <= m.month_end AND coalesce(d.closed_on, DATE '9999-12-31') >= m.month_end
)
SELECT o.*, coalesce(b.bays, 0) AS bays
FROM opened o ASOF LEFT JOIN bays b ON b.dealer_code = o.dealer_code AND b.effective_on <= o.month_end;

-- ---------------------------------------------------------------- 4.3 certification: alerts

CREATE OR REPLACE TEMP TABLE shortfall AS
WITH staffed AS (
    SELECT dealer_code, min("from") AS since FROM employments WHERE "from" <= getvariable('today') GROUP BY dealer_code
), counted AS (
    SELECT dealer_code, month_end, count(DISTINCT person_code) AS advisors FROM advisor_month GROUP BY ALL
)
SELECT 'certification.shortfall' AS clause, 'certification.shortfall' AS family, m.subject, m.dealer_code, m.month_end AS occurred_on
FROM dealer_month m JOIN staffed s ON s.dealer_code = m.dealer_code AND s.since <= m.month_end
LEFT JOIN counted c ON c.dealer_code = m.dealer_code AND c.month_end = m.month_end
WHERE coalesce(c.advisors, 0) < greatest(2, (m.bays + 7) // 8);

CREATE OR REPLACE TEMP TABLE expiring AS
WITH seen AS (
    SELECT * FROM certificates
    WHERE issued_on <= getvariable('today') AND coalesce(revoked_on > getvariable('today'), true)
), longest AS (
    SELECT person_code, kind, level, max(expires_on) AS expires_on FROM seen GROUP BY ALL
), crossed AS (
    SELECT s.certificate_id, s.person_code, s.kind, days, s.expires_on - days AS crossed_on
    FROM seen s, (VALUES (60), (30), (7)) AS t (days)
    WHERE s.expires_on - days <= getvariable('today') AND s.expires_on >= getvariable('today')
      AND s.issued_on <= s.expires_on - days AND s.expires_on - days >= getvariable('judged_from')
      AND NOT EXISTS (FROM longest l WHERE l.person_code = s.person_code AND l.kind = s.kind
                      AND coalesce(l.level, '') = coalesce(s.level, '') AND l.expires_on > s.expires_on)
)
SELECT 'certification.expiring' AS clause, 'certification.expiring' AS family,
       'certificate:' || c.certificate_id || '#' || c.days AS subject, e.dealer_code, c.crossed_on AS occurred_on
FROM crossed c JOIN employments e
  ON e.person_code = c.person_code AND e."from" <= c.crossed_on AND coalesce(e."to", DATE '9999-12-31') >= c.crossed_on
 AND e.position = CASE c.kind WHEN 'service-advisor' THEN 'service-advisor' ELSE 'technician' END
QUALIFY row_number() OVER (PARTITION BY c.certificate_id, c.days ORDER BY e."from" DESC, e.dealer_code) = 1;

-- Spans of one person, kind and level do not overlap, so each left join finds one at most; DuckDB runs this as three hash
-- joins in one pass over the orders, several times faster than the equivalent NOT EXISTS or ASOF joins.
CREATE OR REPLACE TEMP TABLE uncertified AS
WITH done AS (
    SELECT dealer_code, CAST(created_at AS DATE) AS day, advisor_code, technician_code, coalesce(nev, false) AS nev,
           CASE level WHEN 'difficult' THEN 3 WHEN 'special' THEN 2 ELSE 1 END AS level
    FROM work_orders
    WHERE created_at >= getvariable('judged_from') AND created_at < getvariable('today')  -- days that are over
), lacking AS (
    SELECT DISTINCT w.dealer_code, w.day
    FROM done w
    LEFT JOIN certified_span a ON a.kind = 'service-advisor'
         AND a.person_code = w.advisor_code AND a.since <= w.day AND a.until >= w.day
    LEFT JOIN certified_span t ON t.kind = 'technician' AND t.level = w.level
         AND t.person_code = w.technician_code AND t.since <= w.day AND t.until >= w.day
    LEFT JOIN certified_span n ON n.kind = 'nev'
         AND n.person_code = w.technician_code AND n.since <= w.day AND n.until >= w.day
    WHERE (w.advisor_code IS NOT NULL AND a.person_code IS NULL)
       OR (w.technician_code IS NOT NULL AND (t.person_code IS NULL OR (w.nev AND n.person_code IS NULL)))
)
SELECT 'certification.uncertified-work' AS clause, 'certification.uncertified-work' AS family,
       'dealer:' || dealer_code || '@' || day AS subject, dealer_code, day AS occurred_on
FROM lacking;

-- ---------------------------------------------------------------- 4.4 bay turnover

-- Thresholds are compared exactly: factor in ten-thousandths, rounded half-up, turnover as base >= bays * threshold * factor.
CREATE OR REPLACE TEMP TABLE turnover AS
WITH figure AS (
    SELECT b.dealer_code, last_day(b.month) AS month_end, b.base_customers, b.visits, r.region_code
    FROM customer_base b JOIN region_span r
      ON r.dealer_code = b.dealer_code AND last_day(b.month) >= r.since AND last_day(b.month) < r.until
    WHERE last_day(b.month) < getvariable('today')
), region_sum AS (
    SELECT month_end, region_code, sum(visits) AS visits, sum(base_customers) AS base
    FROM figure WHERE visits IS NOT NULL AND base_customers IS NOT NULL GROUP BY ALL
), factor AS (
    SELECT month_end, region_code,
           CASE WHEN visits > 0 AND base > 0 AND sum(visits) OVER network > 0
                THEN greatest(8000, least(12500,
                     (20000 * (sum(visits) OVER network)::HUGEINT * base + sum(base) OVER network * visits)
                     // (2 * (sum(base) OVER network)::HUGEINT * visits)))
                ELSE 10000 END AS factor
    FROM region_sum WINDOW network AS (PARTITION BY month_end)
)
SELECT m.dealer_code, m.month_end, m.subject, m.bays, f.base_customers, coalesce(x.factor, 10000) AS factor
FROM dealer_month m
SEMI JOIN figure ON figure.month_end = m.month_end AND figure.base_customers IS NOT NULL
LEFT JOIN figure f ON f.dealer_code = m.dealer_code AND f.month_end = m.month_end
LEFT JOIN factor x ON x.month_end = f.month_end AND x.region_code = f.region_code;

CREATE OR REPLACE TEMP TABLE loaded AS
WITH judged AS (
    SELECT *, 'bay-turnover' AS family,
           CASE WHEN base_customers::HUGEINT * 10000 >= bays::HUGEINT * 450 * factor THEN 'bay-turnover.rectify'
                WHEN base_customers::HUGEINT * 10000 >= bays::HUGEINT * 350 * factor THEN 'bay-turnover.warn' END AS clause
    FROM turnover WHERE base_customers IS NOT NULL AND bays > 0
)
SELECT clause, family, subject, dealer_code, month_end AS occurred_on
FROM judged ANTI JOIN excused_any USING (subject) ANTI JOIN excused_family USING (subject, family)
WHERE clause IS NOT NULL;

-- Rectification orders of a dealer, month by month: a month joins the open order, or else opens the next.
CREATE OR REPLACE TEMP TABLE rectification AS
WITH RECURSIVE accepted AS (
    SELECT subject, min(CAST(decided_at AS DATE)) AS accepted_on FROM rulings
    WHERE kind = 'accept' AND decided_at <= getvariable('as_of') GROUP BY subject
), covered AS (
    SELECT l.dealer_code, l.subject, l.occurred_on AS month_end, coalesce(a.accepted_on, DATE '9999-12-31') AS accepted_on,
           row_number() OVER (PARTITION BY l.dealer_code ORDER BY l.occurred_on) AS place
    FROM loaded l LEFT JOIN accepted a USING (subject) WHERE l.clause = 'bay-turnover.rectify'
), walk AS (
    SELECT dealer_code, place, subject, month_end, month_end AS opened_on, accepted_on AS closed_on FROM covered WHERE place = 1
    UNION ALL
    SELECT c.dealer_code, c.place,
           CASE WHEN w.closed_on >= c.month_end THEN w.subject ELSE c.subject END,
           c.month_end,
           CASE WHEN w.closed_on >= c.month_end THEN w.opened_on ELSE c.month_end END,
           CASE WHEN w.closed_on >= c.month_end THEN least(w.closed_on, c.accepted_on) ELSE c.accepted_on END
    FROM walk w JOIN covered c ON c.dealer_code = w.dealer_code AND c.place = w.place + 1
)
SELECT dealer_code, subject, opened_on, min(closed_on) AS closed_on FROM walk GROUP BY ALL;

CREATE OR REPLACE TEMP TABLE bay_turnover AS
FROM loaded
UNION ALL
SELECT 'bay-turnover.data-missing', 'bay-turnover.data-missing', subject, dealer_code, month_end
FROM turnover
WHERE (base_customers IS NULL OR bays = 0) AND month_end + 10 <= getvariable('today')
UNION ALL
SELECT 'bay-turnover.overdue', 'bay-turnover.overdue', subject, dealer_code, opened_on + 61
FROM rectification WHERE closed_on > opened_on + 60 AND opened_on + 61 <= getvariable('today');

-- ---------------------------------------------------------------- everything found

CREATE OR REPLACE TEMP TABLE findings AS
WITH alert AS (
    SELECT 'spot-check.not-visible' AS clause, 'spot-check.not-visible' AS family,
           'inspection:' || inspection_id || '#' || item_code AS subject, dealer_code, CAST(inspected_at AS DATE) AS occurred_on
    FROM inspections
    WHERE result = 'not-visible' AND inspected_at <= getvariable('as_of') AND CAST(inspected_at AS DATE) >= getvariable('judged_from')
    UNION ALL FROM complaint_deadline
    UNION ALL FROM shortfall
    UNION ALL FROM expiring
    UNION ALL FROM uncertified
    UNION ALL FROM bay_turnover
)
SELECT clause, subject, dealer_code, occurred_on
FROM alert ANTI JOIN excused_any USING (subject) ANTI JOIN excused_family USING (subject, family)
UNION ALL SELECT 'repeat-repair.unreported', subject, dealer_code, occurred_on FROM unreported
UNION ALL SELECT clause, subject, dealer_code, occurred_on FROM priced;
