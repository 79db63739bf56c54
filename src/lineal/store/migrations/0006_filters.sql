-- What filters compare most: names, and properties that are numbers. As with texts, 64 characters of a name are enough.
CREATE INDEX entity_name ON entity (substr(name, 1, 64));
CREATE INDEX property_num ON property (key, num) WHERE num IS NOT NULL;
