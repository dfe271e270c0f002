# The same three outputs in one pass; -v out=FOLDER.
BEGIN { FS = "\t"; print "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE" > (out "/interactions.csv") }
NR == 1 { next }
NF != 4 || $1 == "" || $2 == "" || $3 !~ /^[0-9]+(\.[0-9]*)?$/ || $4 !~ /^[0-9]+$/ {
    rejected++
    print > (out "/rejects.txt")
    next
}
!($1 in seen) { seen[$1]; print "{\"userId\":\"" $1 "\"}" > (out "/users.json") }
$3 >= 3.5 { kept++; print $1 "," $2 "," substr($4, 1, length($4) - 3) ",watch" > (out "/interactions.csv") }
END { print kept + 0, rejected + 0 }
