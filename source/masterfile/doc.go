// Package masterfile reads and writes zones as master files (RFC 1035 section
// 5), the zone files of BIND and of most other name servers:
//
//	$ORIGIN example.com.
//	$TTL 3600
//	@    IN SOA   ns1.example.net. hostmaster.example.com. 1 10800 3600 604800 3600
//	@    IN NS    ns1.example.net.
//	www  IN CNAME example.com.
//
// Such a file knows things that a zone of zoneherd's does not, such as its SOA,
// and types that the service lacks. [Write] is given the former as its [Head].
package masterfile
