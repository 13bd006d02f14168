import type { Service } from '../core/events.ts';

/**
 * What TCP ports are registered for or commonly used by: names, of IANA's registry where it has one,
 * before their ports.
 */
const table = `
  echo 7, discard 9, daytime 13, qotd 17, chargen 19, ftp-data 20, ftp 21, ssh 22 2222,
  telnet 23 2323, smtp 25 2525, time 37, whois 43, tacacs 49, domain 53, gopher 70, finger 79,
  http 80 81 591 3000 5000 8000 8008 8080 8081 8088 8888 9090, kerberos 88, s7comm 102, pop2 109,
  pop3 110, sunrpc 111, ident 113, nntp 119, ntp 123, epmap 135, netbios-ns 137, netbios-dgm 138,
  netbios-ssn 139, imap 143, snmp 161, bgp 179, irc 194 6667 6668 6669, smux 199, imap3 220,
  ldap 389, svrloc 427, https 443 8443 9443 10443, microsoft-ds 445, kpasswd 464, smtps 465,
  isakmp 500, modbus 502, exec 512, login 513, shell 514, printer 515, ncp 524, afp 548,
  rtsp 554 8554, nntps 563, submission 587, msrpc-http 593, ipp 631, cups 632, ldaps 636,
  ldp 646, silc 706, netconf-ssh 830, domain-s 853, rsync 873, vmware-auth 902, ftps-data 989,
  ftps 990, telnets 992, imaps 993, pop3s 995, socks 1080, java-rmi 1099, openvpn 1194,
  nessus 1241, ms-sql-s 1433, ms-sql-m 1434, citrix-ica 1494 2598, wins 1512, oracle 1521,
  perforce 1666, l2tp 1701, h323hostcall 1720, pptp 1723, radius 1812, mqtt 1883, upnp 1900 5431,
  fox 1911, rtmp 1935, nfs 2049, cpanel 2082 2083, eli 2087, zookeeper 2181, docker 2375,
  docker-s 2376, docker-swarm 2377, etcd-client 2379, etcd-server 2380, gpsd 2947,
  http-proxy 3128, sap-dispatcher 3200, iscsi-target 3260, globalcatldap 3268,
  globalcatldaps 3269, tarantool 3301, mysql 3306, ms-wbt-server 3389, ldap-admin 3407,
  stun 3478, distcc 3632, daap 3689, svn 3690, ventrilo 3784, nats 4222, epmd 4369, krb524 4444,
  ipsec-nat-t 4500, salt 4505 4506, gearman 4730, opc-ua 4840, radmin 4899,
  asterisk-manager 5038, sip 5060, sips 5061, aol 5190, xmpp-client 5222, xmpp-server 5269,
  turns 5349, postgresql 5432, kibana 5601, pcanywhere 5631, amqps 5671, amqp 5672,
  vnc-http 5800, vnc 5900 5901 5902, teamviewer 5938, couchdb 5984, wsman 5985, wsmans 5986,
  x11 6000 6001, varnish-admin 6082, rexec-x 6112, gnutella 6346, redis 6379, kubernetes 6443,
  sge 6444, syslog-tls 6514, ircs 6697, ceph 6789, bittorrent 6881, afs3 7000, weblogic 7001,
  airplay 7100, neo4j 7474, cwmp 7547, bolt 7687, ajp13 8009, freeswitch-event 8021, presto 8082,
  influxdb 8086, splunkd 8089, puppet 8140, vault 8200, mikrotik-winbox 8291, bitcoin 8333,
  consul 8500, arangodb 8529, mikrotik-api 8728, mqtts 8883, chef 8889, cslistener 9000,
  tor 9001 9050, cassandra 9042, kafka 9092, jetdirect 9100 9101 9102 9103 9104 9105 9106 9107,
  elasticsearch 9200, elasticsearch-transport 9300, git 9418, clickhouse 9440, webmin 10000,
  zabbix-agent 10050, zabbix-trapper 10051, kubelet 10250, ignite 10800, nbd 10809,
  memcached 11211, beanstalkd 11300, rabbitmq-management 15672, dnp3 20000, nfs-mount 20048,
  syncthing 22000, glusterd 24007, minecraft 25565, mongodb 27017 27018 27019, rethinkdb 28015,
  plex 32400, rpcbind-alt 32771, ethernet-ip 44818, bacnet 47808, db2 50000,
  hadoop-namenode 50070, activemq 61616`;
const servicesByPort: ReadonlyMap<number, string> = new Map(
  [...table.matchAll(/([\w-]+)((?: \d+)+)/g)].flatMap(([, name = '', ports = '']) =>
    ports
      .trim()
      .split(' ')
      .map((port) => [Number(port), name] as const),
  ),
);

/** What a port most likely is by its number alone: for ports that no probe learned anything from. */
export function portService(port: number): Service {
  const name = servicesByPort.get(port);
  return name === undefined
    ? { name: 'unknown', confidence: 0, method: 'port' }
    : { name, confidence: 0.3, method: 'port' };
}
