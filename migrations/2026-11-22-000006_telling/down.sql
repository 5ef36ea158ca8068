DROP TABLE digests;
DROP TABLE told;
DROP TABLE held;
DROP TABLE telling_cursors;
DROP TABLE sent;
DROP TABLE deliveries;
DROP TABLE subscriptions;
DROP TABLE channels;
